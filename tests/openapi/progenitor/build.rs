//! Makes the client of the document that `OPENAPI` names.

use std::path::Path;

use progenitor_impl::{GenerationSettings, Generator, InterfaceStyle};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-env-changed=OPENAPI");
    let document = std::env::var("OPENAPI")?;
    println!("cargo:rerun-if-changed={document}");
    let document = serde_json::from_str(&std::fs::read_to_string(document)?)?;
    let settings = GenerationSettings::default()
        .with_interface(InterfaceStyle::Builder)
        .clone();
    let tokens = Generator::new(&settings).generate_tokens(&document)?;
    let text = prettyplease::unparse(&syn::parse2(tokens)?);
    std::fs::write(
        Path::new(&std::env::var("OUT_DIR")?).join("client.rs"),
        text,
    )?;
    Ok(())
}
