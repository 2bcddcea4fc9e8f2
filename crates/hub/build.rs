//! Says in one line what to do when the assets were not built; never calls npm itself.

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
    println!("cargo:rerun-if-changed=src/lang");
    println!("cargo:rerun-if-changed=src/migrations");
    if !std::path::Path::new("../../web/dist/app.css").exists() {
        println!("cargo:error=web/dist is missing: run `make assets` (or `make demo`) first");
    }
}
