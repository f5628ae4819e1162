#[cxx::bridge(namespace="x")] mod ffi { extern "Rust" { fn f() -> i32; } } pub fn f()->i32 {1}
