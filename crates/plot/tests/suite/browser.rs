//! Opens a report in a real browser. Ignored unless asked for, since it needs Chromium:
//! `cargo test -p chainrule-plot --test suite browser -- --ignored`. The variable `CHROMIUM` names
//! another program.

use std::process::Command;

use chainrule_plot::{
    Bars, ConfusionMatrix, Curves, DecisionSurface, DigitGrid, Figure, Finding, Functions,
    GradientFlow, GraphDrawing, Heatmap, Landscape, Report, Ridge, RidgeRow, Severity, Unit,
    UnitMap, WeightImages,
};

/// The page after it was loaded, and what was logged to the console.
struct Loaded {
    page: String,
    console: Vec<String>,
}

/// Loads a page from a file of its own, in a profile of its own.
fn load(html: &str, options: &[&str]) -> Loaded {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.html");
    std::fs::write(&file, html).expect("the page can be written");
    let named = std::env::var("CHROMIUM").ok();
    let known = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
    let mut failures = Vec::new();
    for program in named.into_iter().chain(known) {
        let output = Command::new(&program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--enable-logging=stderr",
                "--window-size=1200,900",
            ])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .args(options)
            .arg("--dump-dom")
            .arg(format!("file://{}", file.display()))
            .output();
        match output {
            Ok(output) if output.status.success() => {
                let log = String::from_utf8_lossy(&output.stderr).into_owned();
                let console = log
                    .lines()
                    .filter(|line| line.contains("CONSOLE"))
                    .map(str::to_owned)
                    .collect();
                return Loaded {
                    page: String::from_utf8_lossy(&output.stdout).into_owned(),
                    console,
                };
            }
            Ok(output) => {
                failures.push(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)))
            }
            Err(error) => failures.push(format!("{program}: {error}")),
        }
    }
    panic!(
        "no browser could be run; install Chromium, or name one in CHROMIUM:\n{}",
        failures.join("\n")
    )
}

/// One of every kind.
fn figures() -> Vec<Box<dyn Figure>> {
    let wave: Vec<f64> = (0..400).map(|index| (f64::from(index) * 0.37).sin()).collect();
    let dot = "digraph {\n n0 [label=\"x\\n[2]\", shape=ellipse, fillcolor=\"#fff\"];\n \
               n1 [label=\"square\\n[2]\", shape=box, fillcolor=\"#fff\"];\n n0 -> n1;\n}";
    let names = |count: usize| {
        (0..count).map(|index| format!("class {index} <&>")).collect::<Vec<String>>()
    };
    vec![
        Box::new(
            Curves::new("Loss")
                .labels("epoch", "loss")
                .curve("training", &[2.0, 0.5, f64::NAN, 0.1])
                .log_y(),
        ),
        Box::new(Bars::new("Times", "ms", names(3)).series("forward", vec![1.0, 2.0, 3.0])),
        Box::new(ConfusionMatrix::new("Confusion", names(2), vec![vec![9, 1], vec![0, 7]])),
        Box::new(
            DecisionSurface::new("Decision", names(2), (-1.0, 1.0), (-1.0, 1.0))
                .sample(30, |x, y| (usize::from(x > y), 0.5)),
        ),
        Box::new(DigitGrid::new("Digits", 2, 2).digit(vec![0.0, 1.0, 2.0, 3.0], 3, 8)),
        Box::new(
            Functions::new("Functions", (-3.0, 3.0))
                .function("tanh", |x| (x.tanh(), 1.0 - x.tanh().powi(2))),
        ),
        Box::new(
            GradientFlow::new("Gradients", names(3))
                .step(0.0, vec![0.1, 0.2, 0.3])
                .step(9.0, vec![0.0, 1e-9, 1.0]),
        ),
        Box::new(GraphDrawing::from_dot("Graph", dot).expect("a graph")),
        Box::new(
            Heatmap::new("Heatmap", vec![vec![1.0, -1.0], vec![0.5, f64::INFINITY]]).diverging(),
        ),
        Box::new(
            Landscape::new("Landscape", (-1.0, 1.0), (-1.0, 1.0)).sample(15, |x, y| x * x + y * y),
        ),
        Box::new(Ridge::new("Ridge", "value").row(RidgeRow::of("layers.0", &wave, 30))),
        Box::new(
            UnitMap::new("Units").layer("layers.0", vec![Unit::Alive, Unit::Dead, Unit::Saturated]),
        ),
        Box::new(WeightImages::new("Weights", 2, 2, vec![vec![0.1, -0.2, 0.3, 0.0]; 6])),
    ]
}

fn report(figures: &[Box<dyn Figure>]) -> String {
    let report = Report::new("A run & its <report>").section("Findings").findings([Finding::new(
        Severity::Warning,
        "Units are dead",
    )
    .because("1 of 3")
    .advice("leaky_relu")]);
    let report = report
        .section("Configuration")
        .pairs([("seed", 7)])
        .table(&["layer", "units"], [["layers.0", "3"]]);
    figures.iter().fold(report.section("Figures"), |report, figure| report.figure(figure)).html()
}

/// The measurements in the page: the size of each figure's visible picture, and everything that
/// sticks out of it.
const MEASURE: &str = "<script>
const report = [...document.querySelectorAll('figure')].map(figure => {
    const visible = [...figure.querySelectorAll('svg')].filter(svg => \
    svg.getBoundingClientRect().width > 0);
    const outer = visible[0]?.getBoundingClientRect();
    const out = [...(visible[0]?.querySelectorAll('text') ?? [])].filter(text => {
        const inner = text.getBoundingClientRect();
        return inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.top < \
        outer.top - 1
            || inner.bottom > outer.bottom + 1;
    });
    const theme = visible[0]?.parentElement.className;
    return [figure.id, visible.length, theme, Math.round(outer?.width ?? 0), out.map(text => \
    text.textContent).join('|')].join(' ');
});
const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
document.body.innerHTML = '<pre id=measured>' + report.join(';') + ';wide ' + wide + ';</pre>';
</script></body>";

/// The page with a script that measures it, for which the ban on scripts is lifted.
fn measured(html: &str, options: &[&str]) -> Vec<String> {
    let start = html.find("<meta http-equiv").expect("a policy");
    let end = start + html[start..].find('>').expect("its end") + 1;
    let page = format!("{}{}", &html[..start], &html[end..]).replace("</body>", MEASURE);
    let loaded = load(&page, options);
    assert!(loaded.console.is_empty(), "{:?}", loaded.console);
    let text = loaded
        .page
        .split("<pre id=\"measured\">")
        .nth(1)
        .and_then(|rest| rest.split("</pre>").next());
    text.expect("the script ran")
        .split(';')
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
#[ignore = "needs Chromium: run with --ignored"]
fn a_report_shows_every_figure_and_logs_nothing() {
    let figures = figures();
    let html = report(&figures);
    let loaded = load(&html, &[]);
    assert!(loaded.console.is_empty(), "{:?}", loaded.console);
    for (index, figure) in figures.iter().enumerate() {
        assert!(
            loaded.page.contains(&format!("<figure id=\"figure-{}\"", index + 1)),
            "{}",
            figure.title()
        );
    }

    for (theme, options) in
        [("light", "preferredColorScheme=1"), ("dark", "preferredColorScheme=0")]
    {
        for size in ["--window-size=1200,900", "--window-size=500,900"] {
            let lines = measured(&html, &[&format!("--blink-settings={options}"), size]);
            assert_eq!(lines.len(), figures.len() + 1, "{lines:?}");
            assert_eq!(
                lines.last().map(String::as_str),
                Some("wide false"),
                "the page must not scroll sideways: {size}"
            );
            for (line, figure) in lines.iter().zip(&figures) {
                let parts: Vec<&str> = line.splitn(5, ' ').collect();
                assert_eq!((parts[1], parts[2]), ("1", theme), "{}: {line}", figure.title());
                let width: u32 = parts[3].parse().expect("a width");
                assert!(width >= 300, "{}: {line}", figure.title());
                assert_eq!(parts[4], "", "texts of \"{}\" are cut off", figure.title());
            }
        }
    }
}

#[test]
#[ignore = "needs Chromium: run with --ignored"]
fn an_error_would_be_noticed() {
    let html = report(&[]).replace(
        "</main>",
        "<script>alert(1)</script><img src=\"https://example.invalid/a.png\"></main>",
    );
    let console = load(&html, &[]).console;
    // The page's own policy stops both, and says so.
    assert!(console.iter().any(|line| line.contains("script")), "{console:?}");
    assert!(console.iter().any(|line| line.contains("example.invalid")), "{console:?}");
}
