//! Reductions along axes; the reduced axes go.

mod sum;
