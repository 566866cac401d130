//! The lines that are printed: what was done, what has to hold, what was seen.

/// One line.
#[derive(Debug)]
pub(crate) struct Line {
    row: &'static str,
    done: String,
    findings: Vec<Finding>,
}

#[derive(Debug)]
struct Finding {
    must: String,
    seen: String,
    holds: bool,
}

impl Line {
    pub(crate) fn new(row: &'static str, done: impl Into<String>) -> Self {
        Self {
            row,
            done: done.into(),
            findings: Vec::new(),
        }
    }

    /// One more thing that has to hold, whether it does, and what was seen of it.
    pub(crate) fn must(
        mut self,
        must: impl Into<String>,
        holds: bool,
        seen: impl Into<String>,
    ) -> Self {
        self.findings.push(Finding {
            must: must.into(),
            seen: seen.into(),
            holds,
        });
        self
    }

    /// What is worth knowing besides.
    pub(crate) fn note(self, seen: impl Into<String>) -> Self {
        self.must("", true, seen)
    }

    /// Whether all of it holds.
    pub(crate) fn holds(&self) -> bool {
        self.findings.iter().all(|finding| finding.holds)
    }

    /// Prints what stands above lines.
    pub(crate) fn print_head() {
        println!("| row | done | must hold | seen | |");
        println!("|---|---|---|---|---|");
    }

    /// Prints it. What does not hold stands out.
    pub(crate) fn print(&self) {
        let must: Vec<_> = self
            .findings
            .iter()
            .filter(|finding| !finding.must.is_empty())
            .map(|finding| finding.must.as_str())
            .collect();
        let seen: Vec<_> = self
            .findings
            .iter()
            .map(|finding| match finding.holds {
                true => finding.seen.clone(),
                false => format!("**{}**", finding.seen),
            })
            .collect();
        println!(
            "| {} | {} | {} | {} | {} |",
            self.row,
            self.done,
            must.join("; "),
            seen.join("; "),
            if self.holds() { "pass" } else { "FAIL" }
        );
    }
}
