//! The printed table: what was measured, what it is compared with, and the budget.

use std::fmt;

/// A budget and whether `--check` holds the run to it.
pub struct Budget {
    limit: f64,
    unit: &'static str,
    is_floor: bool,
    is_checked: bool,
}

impl Budget {
    /// At most so many times what stands beside it.
    pub const fn times(limit: f64) -> Self {
        Self { limit, unit: "×", is_floor: false, is_checked: true }
    }

    /// At least so much of what stands beside it.
    pub const fn at_least(limit: f64) -> Self {
        Self { limit, unit: "×", is_floor: true, is_checked: true }
    }

    /// At most so many megabytes.
    pub const fn megabytes(limit: f64) -> Self {
        Self { limit, unit: "MB", is_floor: false, is_checked: true }
    }

    /// A time, which depends on the machine: printed, never checked.
    pub const fn time(limit: f64, unit: &'static str) -> Self {
        Self { limit, unit, is_floor: false, is_checked: false }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", if self.is_floor { "≥" } else { "≤" }, self.limit, self.unit)
    }
}

/// One line.
pub struct Row {
    what: String,
    measured: String,
    beside: String,
    value: Option<f64>,
    /// None for what is told and held to nothing.
    budget: Option<Budget>,
}

impl Row {
    /// A line whose `value` is in the budget's unit; the texts say what it was made of.
    pub fn new(what: &str, measured: String, beside: String, value: f64, budget: Budget) -> Self {
        Self { what: what.into(), measured, beside, value: Some(value), budget: Some(budget) }
    }

    /// A line without a measurement, and why.
    pub fn not_measured(what: &str, why: &str, budget: Budget) -> Self {
        Self {
            what: what.into(),
            measured: "not measured".into(),
            beside: why.into(),
            value: None,
            budget: Some(budget),
        }
    }

    /// A line that no budget goes with.
    pub fn figure(what: &str, measured: String, beside: String) -> Self {
        Self { what: what.into(), measured, beside, value: None, budget: None }
    }

    fn is_within(&self) -> Option<bool> {
        let Budget { limit, is_floor, .. } = self.budget.as_ref()?;
        self.value.map(|value| if *is_floor { value >= *limit } else { value <= *limit })
    }

    fn value_and_budget(&self) -> [String; 3] {
        let unit = self.budget.as_ref().map(|budget| budget.unit).unwrap_or_default();
        let value = self.value.map(|value| format!("{value:.2} {unit}")).unwrap_or_default();
        let budget = self.budget.as_ref().map(Budget::to_string).unwrap_or_default();
        let verdict = self.is_within().map(|is_within| if is_within { "ok" } else { "OVER" }).unwrap_or_default();
        [value, budget, verdict.to_owned()]
    }

    /// Whether a budget that `--check` looks at is broken.
    pub fn is_broken(&self) -> bool {
        self.budget.as_ref().is_some_and(|budget| budget.is_checked) && self.is_within() == Some(false)
    }
}

/// Prints the lines in columns.
#[expect(clippy::print_stdout, reason = "the table is what was asked for")]
pub fn print(rows: &[Row]) {
    println!();
    println!("{:<46} {:<24} {:<50} {:>9}  {:<10}", "what", "measured", "beside", "value", "budget");
    for row in rows {
        let [value, budget, verdict] = row.value_and_budget();
        println!("{:<46} {:<24} {:<50} {value:>9}  {budget:<10} {verdict}", row.what, row.measured, row.beside);
    }
}

/// The lines as a table of Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = "| what | measured | beside | value | budget | |\n|---|---|---|---|---|---|\n".to_owned();
    for row in rows {
        let [value, budget, verdict] = row.value_and_budget();
        let verdict = if verdict == "OVER" { "**over**" } else { &verdict };
        text.push_str(&format!(
            "| {} | {} | {} | {value} | {budget} | {verdict} |\n",
            row.what, row.measured, row.beside
        ));
    }
    text
}
