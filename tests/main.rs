//! Black-box tests: the real binary, its real files, and an origin server on loopback.

mod support;

mod bad_input;
mod commands;
mod daemon;
mod discover;
mod full_disk;
mod history;
mod house;
mod rebuild;
mod replay;
mod restart;
mod upkeep;
mod warc;
mod websub;
