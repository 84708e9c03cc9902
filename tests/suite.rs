//! Every test that needs more than one module of the host.

mod fixture;
mod hostile;
mod routes;
mod store;
mod tidy;
