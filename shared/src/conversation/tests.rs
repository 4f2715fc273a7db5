//! The conversation's promises, as sentences. [`Room`] drives one in virtual time and can crash
//! it at any point: what was written survives, everything else is gone.

mod admitting;
mod amending;
mod answering;
mod conducting;
mod counting;
mod drafting;
mod handing_over;
mod leasing;
mod log;
mod owning;
mod protecting;
mod recovering;
mod remembering;
mod room;
mod telling;
mod tracing;
