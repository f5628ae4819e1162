//! Writes the C++ glue of the bridge; CMake compiles it (src/delta/CMakeLists.txt), not cargo.

fn main() {
    let _ = cxx_build::bridge("src/lib.rs");
    println!("cargo:rerun-if-changed=src/lib.rs");
}
