//! Turns `kefu/v1/*.proto` into Rust types and their proto3 JSON mapping.

use prost::Message;
use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=kefu");
    let mut files: Vec<PathBuf> = fs::read_dir("kefu/v1")?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let descriptors = protox::compile(&files, ["."])?;
    prost_build::Config::new().btree_map(["."]).compile_fds(descriptors.clone())?;
    // DESIGN section 6: scalars, enums and lists are always written, unknown fields are ignored.
    pbjson_build::Builder::new()
        .register_descriptors(&descriptors.encode_to_vec())?
        .emit_fields()
        .ignore_unknown_fields()
        .btree_map(["."])
        .build(&[".kefu.v1"])?;
    // For whoever reads the contract without Rust.
    let out = PathBuf::from(env::var("OUT_DIR")?).join("kefu.v1.binpb");
    fs::write(out, descriptors.encode_to_vec())?;
    Ok(())
}
