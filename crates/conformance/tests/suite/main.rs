//! One program for all tests of this folder, since each is linked by itself.

mod catalogue;
mod conformance;
mod onnx;
mod tables;
