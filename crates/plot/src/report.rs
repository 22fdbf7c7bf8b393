use std::path::Path;

use crate::error::PlotError;
use crate::figure::Figure;
use crate::surface::escape;
use crate::theme::Theme;
use crate::write::write;

/// A training run on one page of HTML: figures, tables, findings and text in sections.
///
/// The page needs nothing from outside, has no scripts, follows the reader's choice of a light or
/// dark page, and prints light. All text is escaped. Each figure is there once for each theme; its
/// title and description are its text alternative.
///
/// ```
/// use chainrule_plot::{Curves, Finding, Report, Severity};
///
/// let html = Report::new("Digits, seed 7")
///     .section("Result")
///     .pairs([("test accuracy", "97.2 %"), ("epochs", "30")])
///     .findings([Finding::new(Severity::Warning, "Two units are dead")
///         .because("layers.0: units 3 and 9 never fire")])
///     .section("Training")
///     .figure(&Curves::new("Loss").labels("epoch", "loss").curve("training", &[2.3, 0.4, 0.1]))
///     .html();
/// assert!(html.starts_with("<!DOCTYPE html>") && html.contains("97.2 %"));
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    title: String,
    sections: Vec<(String, String)>,
    figures: usize,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    #[default]
    Note,
    /// Likely to make training slower or worse.
    Warning,
    /// Training does not work like this.
    Problem,
}

/// Something that was noticed, why it is believed, and what to do about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The finding in a few words.
    pub title: String,
    /// The numbers that show it.
    pub evidence: String,
    /// The advice.
    pub advice: String,
}

impl Finding {
    /// Without evidence and advice.
    #[must_use]
    pub fn new(severity: Severity, title: impl Into<String>) -> Finding {
        Finding { severity, title: title.into(), ..Finding::default() }
    }

    /// Says which numbers show it.
    #[must_use]
    pub fn because(mut self, evidence: impl Into<String>) -> Finding {
        self.evidence = evidence.into();
        self
    }

    /// Says what may help.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Finding {
        self.advice = advice.into();
        self
    }
}

impl Report {
    /// An empty page.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Report {
        Report { title: title.into(), sections: Vec::new(), figures: 0 }
    }

    /// Starts a section, which everything that follows is in.
    #[must_use]
    pub fn section(mut self, title: impl Into<String>) -> Report {
        self.sections.push((title.into(), String::new()));
        self
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn text(self, text: &str) -> Report {
        self.push(&format!("<p>{}</p>\n", escape(text)))
    }

    /// Adds text as it is, line by line, such as a configuration file.
    #[must_use]
    pub fn preformatted(self, text: &str) -> Report {
        self.push(&format!("<pre tabindex=\"0\">{}</pre>\n", escape(text)))
    }

    /// Adds a table with a row of headings. Numbers stand on the right.
    #[must_use]
    pub fn table<R, C>(self, headings: &[&str], rows: impl IntoIterator<Item = R>) -> Report
    where
        R: IntoIterator<Item = C>,
        C: ToString,
    {
        let head: String = headings
            .iter()
            .map(|text| format!("<th scope=\"col\">{}</th>", escape(text)))
            .collect();
        let body: String =
            rows.into_iter().map(|row| format!("<tr>{}</tr>\n", cells(row))).collect();
        self.push(&format!(
            "<div class=\"table\" tabindex=\"0\"><table>\n<thead><tr>{head}</tr></thead>\n\
             <tbody>\n{body}</tbody>\n</table></div>\n"
        ))
    }

    /// Adds a table of names and values.
    #[must_use]
    pub fn pairs<K: ToString, V: ToString>(
        self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Report {
        let row = |(name, value): (K, V)| {
            let (name, value) = (escape(&name.to_string()), escape(&value.to_string()));
            format!("<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>\n")
        };
        let body: String = pairs.into_iter().map(row).collect();
        self.push(&format!(
            "<div class=\"table\" tabindex=\"0\"><table class=\"pairs\">\n{body}</table></div>\n"
        ))
    }

    /// Adds a figure with its description below.
    #[must_use]
    pub fn figure<F: Figure + ?Sized>(mut self, figure: &F) -> Report {
        self.figures += 1;
        let pictures: String = Theme::ALL
            .map(|theme| format!("<div class=\"{}\">\n{}</div>\n", theme.name(), figure.svg(theme)))
            .concat();
        let (number, width, text) = (self.figures, figure.size().0, escape(&figure.description()));
        self.push(&format!(
            "<figure id=\"figure-{number}\" \
             style=\"max-width:{width}px\">\n{pictures}<figcaption>{text}</figcaption>\n\
             </figure>\n"
        ))
    }

    /// Adds what was noticed, what matters most first.
    #[must_use]
    pub fn findings(self, findings: impl IntoIterator<Item = Finding>) -> Report {
        let mut findings: Vec<Finding> = findings.into_iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        if findings.is_empty() {
            return self.push("<p class=\"finding none\">Nothing was found.</p>\n");
        }
        let item = |finding: &Finding| {
            let (class, name) = match finding.severity {
                Severity::Note => ("note", "Note"),
                Severity::Warning => ("warning", "Warning"),
                Severity::Problem => ("problem", "Problem"),
            };
            let line = |text: &str, label: &str| match text.is_empty() {
                true => String::new(),
                false => format!("<br>{label}{}", escape(text)),
            };
            let (evidence, advice) =
                (line(&finding.evidence, ""), line(&finding.advice, "<em>What may help:</em> "));
            let title = escape(&finding.title);
            format!(
                "<li class=\"finding {class}\"><strong>{name}: \
                 {title}</strong>{evidence}{advice}</li>\n"
            )
        };
        let items: String = findings.iter().map(item).collect();
        self.push(&format!("<ul class=\"findings\">\n{items}</ul>\n"))
    }

    /// The whole page.
    #[must_use]
    pub fn html(&self) -> String {
        let title = escape(&self.title);
        let named =
            || self.sections.iter().enumerate().filter(|(_, section)| !section.0.is_empty());
        let link = |(index, (name, _)): (usize, &(String, String))| {
            format!("<li><a href=\"#section-{}\">{}</a></li>\n", index + 1, escape(name))
        };
        let links: String = named().map(link).collect();
        let contents = match named().count() {
            0 | 1 => String::new(),
            _ => format!("<nav aria-label=\"Sections\"><ul>\n{links}</ul></nav>\n"),
        };
        let section = |(index, (name, body)): (usize, &(String, String))| {
            let heading = match name.is_empty() {
                true => String::new(),
                false => format!("<h2>{}</h2>\n", escape(name)),
            };
            format!("<section id=\"section-{}\">\n{heading}{body}</section>\n", index + 1)
        };
        let sections: String = self.sections.iter().enumerate().map(section).collect();
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
             'unsafe-inline'; \
             img-src data:\">\n<link rel=\"icon\" \
             href=\"data:,\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
             </head>\n<body>\n<main>\n<h1>{title}</h1>\n{contents}{sections}</main>\n</body>\n\
             </html>\n"
        )
    }

    /// Writes the page. An interruption or a full disk leaves what was there before.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        write(path.as_ref(), self.html().as_bytes())
    }

    /// Adds to the last section; before the first one, to a section without a name.
    fn push(mut self, html: &str) -> Report {
        if self.sections.is_empty() {
            self.sections.push((String::new(), String::new()));
        }
        if let Some(section) = self.sections.last_mut() {
            section.1.push_str(html);
        }
        self
    }
}

fn cells<C: ToString>(row: impl IntoIterator<Item = C>) -> String {
    let cell = |cell: C| {
        let text = cell.to_string();
        let number = text.trim_end_matches([' ', '%']).parse::<f64>().is_ok();
        let class = if number { " class=\"number\"" } else { "" };
        format!("<td{class}>{}</td>", escape(&text))
    };
    row.into_iter().map(cell).collect()
}

const STYLE: &str = include_str!("report.css");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Curves, Heatmap};

    fn sample() -> Report {
        Report::new("Run <7> & \"more\"")
            .text("Before the first section.")
            .section("Figures")
            .figure(&Curves::new("<script>alert(1)</script>").curve("a", &[1.0, 2.0]))
            .figure(&Heatmap::new("weights", vec![vec![1.0, f64::NAN]]))
            .section("Data & settings")
            .table(&["layer", "dead"], [["layers.0", "3"], ["layers.1", "0.5 %"]])
            .pairs([("seed", 7)])
            .preformatted("a <b>\n  c")
            .findings([
                Finding::new(Severity::Note, "fine"),
                Finding::new(Severity::Problem, "NaN")
                    .because("loss at step 3")
                    .advice("a lower rate"),
            ])
    }

    #[test]
    fn the_page_is_well_formed_and_has_every_part() {
        let html = sample().html();
        // Without the parts that HTML does not close, it is XML.
        let xml = html.replace("<!DOCTYPE html>\n", "").replace("<br>", "<br/>");
        let close = |line: &str| {
            if line.starts_with("<meta") || line.starts_with("<link") {
                line.replace('>', "/>")
            } else {
                line.to_owned()
            }
        };
        let xml: Vec<String> = xml.lines().map(close).collect();
        let xml = xml.join("\n");
        let document =
            roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
        let count =
            |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count();
        let svg = |node: &roxmltree::Node<'_, '_>| node.tag_name().name() == "svg";
        assert_eq!(
            (count("section"), count("figure"), document.descendants().filter(svg).count()),
            (3, 2, 4)
        );
        assert_eq!((count("table"), count("h2"), count("nav"), count("script")), (2, 2, 1, 0));
        assert!(
            document.descendants().filter(svg).all(|svg| svg.attribute("aria-label").is_some())
        );
    }

    #[test]
    fn text_is_escaped_and_nothing_is_loaded() {
        let html = sample().html();
        assert!(
            !html.contains("<script") && html.contains("&lt;script&gt;alert(1)&lt;/script&gt;")
        );
        assert!(html.contains("<title>Run &lt;7&gt; &amp; &quot;more&quot;</title>"));
        let outside = html.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !outside.contains("http:") && !outside.contains("https:") && !outside.contains("url(")
        );
    }

    #[test]
    fn what_matters_most_comes_first_and_numbers_stand_on_the_right() {
        let html = sample().html();
        let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}"));
        assert!(place("Problem: NaN") < place("Note: fine"));
        assert!(html.contains("<em>What may help:</em> a lower rate"));
        assert!(
            html.contains("<td class=\"number\">0.5 %</td>") && html.contains("<td>layers.1</td>")
        );
        assert!(Report::new("a").findings([]).html().contains("Nothing was found."));
    }

    #[test]
    fn a_page_that_cannot_be_written_is_an_error() {
        let error = Report::new("a").save("/no/such/folder/report.html").unwrap_err().to_string();
        assert!(error.starts_with("cannot write /no/such/folder/report.html: "), "{error}");
    }
}
