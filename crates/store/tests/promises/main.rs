//! The store's promises, tested from outside.

mod commit;
mod damage;
mod hazards;
mod migration;
mod support;
