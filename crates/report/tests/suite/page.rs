//! The page as a whole.

use crate::common;

use chainrule_insight::{Finding, Kind, Recording, Severity};
use chainrule_plot::Theme;
use chainrule_report::Material;
use common::{digits, regression};

#[test]
fn each_figure_is_there_once_for_each_theme() {
    let trained = digits(2);
    let run = trained.run();
    let html = run.report().unwrap().html();
    let figures = run.figures().unwrap();
    assert_eq!((html.matches("<figure ").count(), figures.len()), (12, 12));
    for figure in &figures {
        for theme in Theme::ALL {
            assert_eq!(html.matches(&figure.svg(theme)).count(), 1, "{}", figure.title());
        }
    }
    for heading in [
        "Result",
        "Findings",
        "Training",
        "Answers",
        "Layers",
        "Model",
        "Configuration",
        "Environment",
    ] {
        assert_eq!(html.matches(&format!("<h2>{heading}</h2>")).count(), 1, "{heading}");
    }
    let right = figure_right(&run);
    assert!(html.contains(&format!("right of 360 samples</th><td>{right} (")), "{right}");
    assert!(html.contains("<th scope=\"row\">optimizer</th><td>adam</td>"));
    assert!(html.contains(&format!("<td>{}</td>", env!("CARGO_PKG_VERSION"))));
    assert!(
        !html.contains("<script") && !html.contains("src=\"http") && !html.contains("href=\"http")
    );
}

fn figure_right(run: &Material<'_>) -> u64 {
    let confusion = chainrule_report::figure::confusion(run).unwrap().unwrap();
    (0..10).map(|class| confusion.counts[class][class]).sum()
}

#[test]
fn findings_stand_with_their_evidence_and_remedy() {
    let mut trained = regression();
    let finding = |severity, evidence: &str| Finding {
        kind: Kind::DyingRelu,
        severity,
        layer: Some("0".to_owned()),
        evidence: evidence.to_owned(),
        remedy: "something <else>".to_owned(),
        remedies: Vec::new(),
    };
    trained.recording.findings =
        vec![finding(Severity::Error, "all"), finding(Severity::Info, "a few")];
    let html = trained.run().report().unwrap().html();
    assert!(html.contains("Problem: dying units in layer 0</strong><br>all<br>"), "{html}");
    assert!(
        html.contains("Note: dying units in layer 0</strong><br>a few<br>")
            && html.contains("something &lt;else&gt;")
    );
}

#[test]
fn a_training_that_failed_says_so_and_shows_what_was_seen() {
    let mut trained = regression();
    let log = trained.recording.log.clone();
    let error = chainrule_train::TrainError::Setting("enough".to_owned());
    trained.recording = Recording::of(&Err(error)).log(log);
    let html = Material::<f32>::new("Failed", &trained.recording).report().unwrap().html();
    assert!(
        html.contains("failed: enough")
            && html.contains("Loss by epoch")
            && html.contains("<td>5</td>"),
        "{html}"
    );
}

#[test]
fn the_page_replaces_what_was_there_only_when_it_is_whole() {
    let trained = regression();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    std::fs::write(&path, "before").unwrap();
    let other = chainrule_nn::Sequential::new().linear(9, 9);
    let run = trained.run();
    let unfit = Material { evidence: run.evidence.model(&other), ..run };
    assert!(unfit.save(&path).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
    trained.run().save(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), trained.run().report().unwrap().html());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let message =
        trained.run().save(folder.path().join("missing/report.html")).unwrap_err().to_string();
    assert!(message.starts_with("cannot write ") && message.contains("missing"), "{message}");
}
