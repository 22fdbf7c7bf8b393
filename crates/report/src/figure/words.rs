use chainrule_insight::monitor::LayerInfo;

/// The name of a layer beside a figure: its path, and what its units apply.
pub(super) fn label(layer: &LayerInfo) -> String {
    let path = if layer.path.is_empty() { &layer.op } else { &layer.path };
    layer
        .activation
        .as_ref()
        .map_or_else(|| path.clone(), |activation| format!("{path} {activation}"))
}

/// So many samples, in words.
pub(crate) fn counted(samples: usize) -> String {
    if samples == 1 { "one sample".to_owned() } else { format!("{samples} samples") }
}
