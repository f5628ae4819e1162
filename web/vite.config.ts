// How the page is bundled: one html, hashed assets, nothing inlined, because the
// server's Content-Security-Policy allows scripts and images from itself only. All
// addresses are relative, so that the page also works below a path of a proxy.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: {
    target: "es2021",
    outDir: "dist",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
  },
});
