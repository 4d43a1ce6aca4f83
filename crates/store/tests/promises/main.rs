//! The store's promises, tested from outside.

mod commit;
mod damage;
mod hazards;
mod support;
