"""Turns the built page into a C++ source: embed_web.py DIST_DIR OUT.cc.

Each file becomes an Asset of serve/assets.h: its exact URL path, content type, ETag, bytes, and a gzip form where that is
smaller. The bytes come in by the assembler's .incbin, because a compiler takes seconds for half a megabyte of literals. The
page itself answers both / and /index.html.
"""

import gzip
import hashlib
import pathlib
import sys

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}

INCBIN = """asm(R"(
.pushsection .rodata
.balign 16
asset_{i}_begin:
.incbin "{path}"
asset_{i}_end:
.byte 0
.popsection
)");
extern "C" const char asset_{i}_begin[];
extern "C" const char asset_{i}_end[];
"""


def url_paths(relative):
    return ["/", "/index.html"] if relative == "index.html" else ["/" + relative]


def main(dist, out):
    dist, out = pathlib.Path(dist), pathlib.Path(out)
    packed = out.parent / "gzip"
    packed.mkdir(parents=True, exist_ok=True)
    blobs, entries = [], []

    def embed(path):
        blobs.append(INCBIN.format(i=len(blobs), path=path.resolve()))
        return f"View(asset_{len(blobs) - 1}_begin, asset_{len(blobs) - 1}_end)"

    for path in sorted(p for p in dist.rglob("*") if p.is_file()):
        relative = path.relative_to(dist).as_posix()
        content_type = CONTENT_TYPES.get(path.suffix)
        if content_type is None:
            sys.exit(f"cannot embed {relative}: no content type is known for {path.suffix!r} (tools/embed_web.py)")
        body = path.read_bytes()
        small = gzip.compress(body, 9, mtime=0)
        gzip_view = "{}"
        if len(small) < len(body):
            gzip_path = packed / hashlib.sha256(relative.encode()).hexdigest()[:16]
            gzip_path.write_bytes(small)
            gzip_view = embed(gzip_path)
        view, etag = embed(path), hashlib.sha256(body).hexdigest()[:16]
        for url in url_paths(relative):
            entries.append(f'{{"{url}", "{content_type}", "\\"{etag}\\"", {view}, {gzip_view}}},')
    if not any(entry.startswith('{"/"') for entry in entries):
        sys.exit(f"cannot embed {dist}: it has no index.html")

    out.write_text(
        "// Written by tools/embed_web.py from the built page.\n"
        '#include "serve/assets.h"\n\n' + "".join(blobs) + "\nnamespace cryptostream {\nnamespace {\n\n"
        "std::string_view View(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }\n\n"
        "}  // namespace\n\nstd::span<const Asset> Assets() {\n  static const Asset kAssets[] = {\n      "
        + "\n      ".join(entries) + "\n  };\n  return kAssets;\n}\n\n}  // namespace cryptostream\n"
    )


main(*sys.argv[1:])
