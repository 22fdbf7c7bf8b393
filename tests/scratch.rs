#![allow(dead_code)]
#[path = "../examples/depth_vs_width.rs"]
mod depth_vs_width;
#[path = "../examples/zero_centred.rs"]
mod zero_centred;
#[path = "../examples/dying_relu.rs"]
mod dying_relu;
use chainrule::prelude::*;
#[test]
fn depth() {
    for k in [3, 4] {
    for (what, widths) in [("deep 2", &vec![2; k][..]), ("64", &[64][..]), ("32 32", &[32, 32]), ("16", &[16]), ("8 8 8", &[8,8,8])] {
        for n in [200, 1000] {
        let b = std::time::Instant::now();
        println!("{k} {what} {n} {:.3?} {:?}", depth_vs_width::learned(widths, k, 5, n).unwrap(), b.elapsed());
        }
    }}
}
#[test]
fn zero() {
    let data = Digits::load().unwrap().dataset().select(&(0..500).collect::<Vec<_>>()).unwrap();
    for lr in [0.1, 0.3, 1.0, 2.0] {
        for name in zero_centred::ACTIVATIONS {
            println!("{lr} {name} {:.3?}", zero_centred::losses_at(name, &data, 30, lr).unwrap().iter().step_by(5).collect::<Vec<_>>());
        }
    }
}
#[test]
fn dying() {
    for name in ["relu", "leaky_relu", "prelu", "elu", "gelu", "hard_sigmoid"] {
        for (b, e) in [(-4.0, 400), (-4.0, 1500), (-8.0, 1500)] {
            println!("{name} {b} {e} {:?}", dying_relu::from_bias(name, b, e).unwrap());
        }
    }
}
