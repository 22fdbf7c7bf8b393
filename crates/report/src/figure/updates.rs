use chainrule_insight::Recording;
use chainrule_plot::Curves;

/// The update-to-weight ratio of each matrix of weights by step: by what part of itself a step
/// changes it. About 1e-3 is common where training goes well.
#[must_use]
pub fn updates(recording: &Recording) -> Option<Curves> {
    let log = &recording.log;
    let figure = Curves::new("Update-to-weight ratios").labels("step", "update / weights").log_y();
    let matrices =
        log.parameters.iter().enumerate().filter(|(_, parameter)| parameter.shape.rank() >= 2);
    let figure = matrices.fold(figure, |figure, (i, parameter)| {
        let ratio =
            |record: &chainrule_insight::monitor::Record| record.parameters[i].update_ratio();
        let points = log
            .records
            .iter()
            .filter_map(|record| Some((record.step as f64, ratio(record)?)))
            .collect();
        figure.points(&parameter.name, points)
    });
    // A single point is no curve.
    figure.series.iter().any(|series| series.points.len() > 1).then_some(figure)
}
