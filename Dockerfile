# The program as an image, built from this clone with the commands that a person would use: `make image`, or
#   docker build -t cryptostream .
# The last stage has what `make install` makes, the C library and the trusted certificates: no compiler, no shell. docs/containers.md has more.
FROM debian:12-slim AS build
ENV DEBIAN_FRONTEND=noninteractive
# Debian keeps no older versions to pin; what does not come from Debian is in the lock files, with hashes.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates make && rm -rf /var/lib/apt/lists/*
WORKDIR /source
# What is fetched, the Rust part and the rest are layers of their own: a change of the C++ sources or the page does not build the Rust part
# again, and one of the documents builds nothing.
COPY tools/setup tools/deps.lock tools/shim tools/build-shim tools/
COPY tools/setup.d tools/setup.d
RUN tools/setup run
COPY src/delta/shim src/delta/shim
RUN tools/shim && rm -rf ~/.cache/cryptostream/cargo-target ~/.cargo/registry
COPY CMakeLists.txt CMakePresets.json Makefile ./
COPY bench bench
COPY cmake cmake
COPY tools tools
COPY web web
COPY src src
RUN make build
COPY . .
RUN make install PREFIX=/opt/cryptostream && infra/image-root /opt/cryptostream /image && tools/sbom /image/opt/cryptostream

FROM scratch
LABEL org.opencontainers.image.title="cryptostream" \
      org.opencontainers.image.description="Crypto prices into a lakehouse of your own: Delta tables, REST and live charts" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image /
ENV PATH=/opt/cryptostream/bin \
    CRYPTOSTREAM_STORAGE__PATH=/data/storage \
    CRYPTOSTREAM_SOURCE__DEMO_PATH=/data/storage-demo \
    CRYPTOSTREAM_SERVE__ADDRESS=0.0.0.0 \
    CRYPTOSTREAM_SERVE__ALLOW_REMOTE=true \
    CRYPTOSTREAM_SERVE__ALLOWED_HOSTS=cryptostream
WORKDIR /data
VOLUME /data
USER 1000:1000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["cryptostream", "healthcheck", "--quiet"]
ENTRYPOINT ["cryptostream"]
CMD ["run"]
