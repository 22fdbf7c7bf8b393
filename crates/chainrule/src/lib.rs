#![doc = include_str!("../../../README.md")]

pub use chainrule_checkpoint as checkpoint;
pub use chainrule_config as config;
pub use chainrule_data as data;
pub use chainrule_graph as graph;
pub use chainrule_insight as insight;
pub use chainrule_nn as nn;
pub use chainrule_recipe as recipe;
#[cfg(feature = "report")]
pub use chainrule_report as report;
pub use chainrule_tensor as tensor;
pub use chainrule_train as train;

/// The names that most programs need, for `use chainrule::prelude::*`.
pub mod prelude {
    pub use chainrule_data::{Dataset, Digits, MinMaxScaler, StandardScaler, Targets};
    pub use chainrule_graph::op::{Backward, Forward, Op, Reads};
    pub use chainrule_graph::{
        DerivativeReads, Grads, Graph, Params, Plan, Pointwise, Var, Workspace, gradcheck,
    };
    pub use chainrule_insight::{Diagnosis, Evidence, Finding, Instruments, Recording, Severity};
    pub use chainrule_nn::activation::{
        Elu, Identity, LeakyRelu, LogSoftmax, PRelu, Relu, Sigmoid, Softmax, Tanh,
    };
    pub use chainrule_nn::loss::{BinaryCrossEntropy, CrossEntropy, CustomLoss, MeanSquaredError};
    pub use chainrule_nn::{
        Activation, BatchNorm, Bilinear, Dropout, Embedding, Flatten, Layer, LayerNorm, Linear,
        Loss, Model, Parallel, Predictor, Reduction, Residual, RmsNorm, Sequential, init,
    };
    pub use chainrule_tensor::gemm::Precision;
    pub use chainrule_tensor::random::generator;
    pub use chainrule_tensor::{Real, Shape, Tensor, TensorView};
    pub use chainrule_train::callback::{
        BestWeights, EarlyStopping, Monitor, Progress, ProgressEvent, WeightAverage,
    };
    pub use chainrule_train::metric::{Accuracy, MultiLabelAccuracy};
    pub use chainrule_train::optimizer::{
        Adadelta, Adagrad, Adam, AdamW, Adamax, Lbfgs, Lion, Lookahead, NAdam, Optimizer, RAdam,
        RmsProp, Sgd,
    };
    pub use chainrule_train::schedule::{
        Cosine, Interval, LinearWarmup, OneCycle, ReduceOnPlateau, Schedule,
    };
    pub use chainrule_train::{
        ClipNorm, ClipValue, Group, History, LeastSquares, MaxNorm, Penalty, StopReason, Trainer,
        UnitNorm,
    };
}
