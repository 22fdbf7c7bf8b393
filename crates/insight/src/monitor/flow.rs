use super::{Log, Record};

/// How the backpropagated signal goes from layer to layer at one step. It holds `norm(dL/dz)` of
/// the batch for each layer with weights, and gives the factor by which it grows per layer on its
/// way back.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalFlow {
    /// The layers, by their place in [`Log::layers`], from the input on.
    pub layers: Vec<usize>,
    /// The signal's norm at each of them.
    pub norms: Vec<f64>,
}

impl SignalFlow {
    /// The signal at the first layer as a part of that at the last; `None` with fewer than two
    /// layers, or without a signal at the last.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let (first, last) = (self.norms.first()?, self.norms.last()?);
        (self.norms.len() > 1 && *last > 0.0 && last.is_finite()).then(|| first / last)
    }

    /// The factor per layer on the way back, fitted over the depth: the slope of a straight line
    /// through the logarithms of the norms. Weights of variance `1 / fan_out` behind sigmoids give
    /// 0.25 at best, behind ReLUs 0.71. `None` with fewer than two layers, or where the signal is
    /// zero or not finite.
    #[must_use]
    pub fn growth(&self) -> Option<f64> {
        growth(&self.norms.iter().rev().copied().collect::<Vec<_>>())
    }
}

/// The factor from one of these numbers to the next, fitted to their logarithms by least squares.
pub(crate) fn growth(norms: &[f64]) -> Option<f64> {
    if norms.len() < 2 || norms.iter().any(|norm| !(*norm > 0.0 && norm.is_finite())) {
        return None;
    }
    let middle = (norms.len() - 1) as f64 / 2.0;
    let place = |i: usize| i as f64 - middle;
    let slope: f64 = norms.iter().enumerate().map(|(i, norm)| place(i) * norm.ln()).sum();
    Some((slope / (0..norms.len()).map(|i| place(i).powi(2)).sum::<f64>()).exp())
}

impl Log {
    /// How the signal went back at this step.
    #[must_use]
    pub fn flow(&self, record: &Record) -> SignalFlow {
        let weighted = self
            .layers
            .iter()
            .zip(&record.layers)
            .enumerate()
            .filter(|(_, (layer, _))| layer.weighted);
        let signals = weighted
            .filter_map(|(i, (_, seen))| Some((i, seen.pre_activation_gradients.as_ref()?.norm)));
        let (layers, norms) = signals.unzip();
        SignalFlow { layers, norms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_geometric_series_has_its_factor() {
        let flow = SignalFlow { layers: vec![0, 1, 2, 3], norms: vec![1.0, 4.0, 16.0, 64.0] };
        assert!((flow.growth().unwrap() - 0.25).abs() < 1e-15);
        assert_eq!(flow.ratio(), Some(1.0 / 64.0));
        assert_eq!(SignalFlow { layers: vec![0], norms: vec![1.0] }.growth(), None);
        assert_eq!(growth(&[1.0, 0.0]), None);
        assert_eq!(SignalFlow { layers: vec![0, 1], norms: vec![1.0, 0.0] }.ratio(), None);
    }
}
