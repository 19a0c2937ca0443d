//! What people run by hand, beside `run`: a module per command, and what several of them need.

pub mod check;
pub mod doctor;
pub mod documents;
pub mod draft;
pub mod files;
pub mod import;
pub mod new;
pub mod render;
