//! Pictures of a training run for [chainrule](https://docs.rs/chainrule), and a report of all of
//! them in one HTML file.
//!
//! Plain numbers and labels go in, a picture comes out: each kind of [`Figure`] is a struct with
//! public fields, and none knows of graphs, layers or data sets.
//!
//! ```
//! use chainrule_plot::{Curves, Figure, Theme, sparkline};
//!
//! let losses = [2.3, 0.9, 0.4, 0.2, 0.15, 0.12];
//! let figure =
//!     Curves::new("Loss").labels("epoch", "cross-entropy").curve("training", &losses).log_y();
//!
//! let svg = figure.svg(Theme::Light);
//! assert!(svg.starts_with("<svg "));
//! let png = figure.png(Theme::Dark)?;
//! assert!(png.starts_with(b"\x89PNG"));
//! assert_eq!(sparkline(&losses, 40), "█▄▂▁▁▁");
//! # Ok::<(), chainrule_plot::PlotError>(())
//! ```
//!
//! | figure | what it shows |
//! |---|---|
//! | [`Curves`] | losses, metrics, learning rates over steps; linear or logarithmic |
//! | [`Bars`] | numbers side by side |
//! | [`GradientFlow`] | norms of gradients by layer, with time as colour |
//! | [`Ridge`] | histograms of activations or weights, one below the other |
//! | [`UnitMap`] | dead and saturated units of each layer |
//! | [`ConfusionMatrix`] | true against predicted classes |
//! | [`DigitGrid`] | small pictures with predictions |
//! | [`WeightImages`] | what each unit of a first layer looks for |
//! | [`DecisionSurface`] | predictions over a plane of two inputs, with the data |
//! | [`Functions`] | activations and their derivatives |
//! | [`Landscape`] | the loss around trained weights along two directions |
//! | [`GraphDrawing`] | the operations of a model, from what `Graph::to_dot` writes |
//! | [`Heatmap`] | any table of numbers |
//!
//! [`Report`] puts figures, tables, findings and text on one page, which needs no network and no
//! scripts.
//!
//! Colours are those of Okabe and Ito, cividis, and blue against orange, which can be told apart
//! with the common kinds of colour blindness. States, classes and curves differ in shape, sign or
//! dashes as well. A figure is drawn for a light or a dark page ([`Theme`]).
//!
//! Text is measured and, in PNG, drawn with DejaVu Sans, which is part of the program. No font of
//! the system is needed, and the same figure gives the same bytes everywhere. An SVG names DejaVu
//! Sans and Verdana, which is as wide, and is shown with what the reader has.
//!
//! This crate does not draw interactive charts, and draws no three-dimensional ones.

mod axis;
mod bars;
mod canvas;
mod cells;
mod chart;
#[cfg(test)]
mod check;
mod confusion;
mod curves;
mod decision;
mod digits;
mod error;
mod figure;
mod font;
mod functions;
mod gradient_flow;
mod graph;
mod heatmap;
mod landscape;
mod report;
mod ridge;
mod sparkline;
mod surface;
mod theme;
mod unit_map;
mod weights;
mod write;

pub use bars::Bars;
pub use canvas::Canvas;
pub use confusion::ConfusionMatrix;
pub use curves::{Curves, Series};
pub use decision::DecisionSurface;
pub use digits::{Digit, DigitGrid};
pub use error::PlotError;
pub use figure::Figure;
pub use font::Align;
pub use functions::{Function, Functions};
pub use gradient_flow::GradientFlow;
pub use graph::{GraphDrawing, GraphNode, NodeKind};
pub use heatmap::Heatmap;
pub use landscape::Landscape;
pub use report::{Finding, Report, Severity};
pub use ridge::{Ridge, RidgeRow};
pub use sparkline::sparkline;
pub use theme::{Color, Theme};
pub use unit_map::{LayerUnits, Unit, UnitMap};
pub use weights::WeightImages;

// The program in the README is a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
