//! Builds anew when the embedded rules change: a new file is not a changed one to the compiler.

fn main() {
    println!("cargo:rerun-if-changed=../../rules");
}
