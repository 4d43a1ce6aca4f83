//! Measures what the documentation of this crate says: filling, opening, checking, compacting, memory.
//!
//! ```sh
//! measure fill DIR COUNT    # commits COUNT articles, and a revision of every fourth
//! measure die DIR COUNT     # the same, and dies by SIGKILL at the end
//! measure open DIR MIB      # opens with a cache of MIB MiB
//! measure read DIR MIB      # opens, reads every record, says how much memory that took
//! measure check DIR MIB     # opens, and checks that every row can be read
//! measure compact DIR MIB
//! ```

use std::path::Path;
use std::time::Instant;

use depeche_model::Seq;
use depeche_store::{Reader, Store, StoreOptions, compact};

#[path = "../benches/articles/mod.rs"]
mod articles;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, dir, number] = arguments.as_slice() else {
        return Err("measure fill|die|open|read|check|compact DIR COUNT|MIB".into());
    };
    let (dir, number) = (Path::new(dir), number.parse::<u64>()?);
    let filling = matches!(what.as_str(), "fill" | "die");
    let options = StoreOptions {
        cache_bytes: if filling { 64 } else { number } << 20,
        min_free_bytes: 1 << 30,
    };
    let begun = Instant::now();
    if what == "compact" {
        println!("{:?}", compact(dir, options)?);
        println!("{what}: {:?}, {}", begun.elapsed(), memory()?);
        return Ok(());
    }
    let store = Store::open(dir, options)?;
    println!("{:?}", store.opening());
    match what.as_str() {
        "fill" | "die" => {
            for first in (1..=number).step_by(100) {
                let captures =
                    (first..first + 100).map(|n| articles::capture(n, if n % 4 == 0 { 2 } else { 1 }));
                articles::commit(store.clone(), captures.collect()).await;
            }
            println!("size: {}", store.size_on_disk()?);
            if what == "die" {
                println!("{what}: {:?}, {}", begun.elapsed(), memory()?);
                std::process::Command::new("kill")
                    .args(["-9", &std::process::id().to_string()])
                    .status()?;
            }
        }
        "read" => println!("records: {}", Reader::from(store.clone()).records(Seq(0)).count()),
        "check" => println!("rows: {}", store.check_readable()?),
        _ => {}
    }
    println!("{what}: {:?}, {}", begun.elapsed(), memory()?);
    Ok(())
}

/// Memory held now and at most.
fn memory() -> std::io::Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let lines = status
        .lines()
        .filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    Ok(lines.collect::<Vec<_>>().join(", "))
}
