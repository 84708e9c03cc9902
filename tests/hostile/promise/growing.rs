//! Scripts that grow: what one call holds and how long it runs is bounded, inside of native loops and in closures too.
//!
//! Each runs in a process of its own with little memory and one second of a processor: what outgrows them, the system ends.

use std::process::{Command, Output};

/// Memory for the whole process, in KiB: four times what it needs without growing.
const MEMORY_KIB: u32 = 393_216;
const PROCESSOR_SECS: u32 = 1;

/// What a script may try inside of a hook at `/ok`.
const PAYLOADS: &[(&str, &str)] = &[
    ("curry doubled", "let f = |x| x; for i in 0..40 { f = f.curry(f); }"),
    ("curry without an end", "let f = Fn(\"len\"); loop { f = f.curry(f); }"),
    ("curry of a text", "let s = \"\"; s.pad(60000, \"x\"); let f = |x| x; for i in 0..30000 { f = f.curry(s + i); }"),
    ("curry of a list", "let a = []; a.pad(1000, 0); let f = |x| x; loop { f = f.curry(a); }"),
    ("curry of many", "let f = |x| x; for i in 0..200 { f = f.curry(f, f, f, f, f, f, f, f); }"),
    ("curry in a list", "let f = |x| x; let a = [f]; loop { a[0] = a[0].curry(a); }"),
    ("curry in a map", "let m = #{ f: |x| x }; loop { m.f = m.f.curry(m); }"),
    ("curry in a reduction", "let a = []; a.pad(1000, 0); let f = |x| x; a.reduce(|g, x| g.curry(g), f);"),
    (
        "curry in a reduction from behind",
        "let a = []; a.pad(60, 0); let f = |x| x; a.reduce_rev(|g, x| g.curry(g), f);",
    ),
    ("curry in a map of a list", "let a = []; a.pad(60, 0); let f = |x| x; a.map(|x| { f = f.curry(f); f });"),
    ("curry at each item", "let a = []; a.pad(60, 0); let f = |x| x; a.for_each(|| { f = f.curry(f); });"),
    (
        "closures in a list",
        "let s = \"\"; s.pad(60000, \"x\"); let a = []; for i in 0..900 { let t = s + i; a.push(|| t); }",
    ),
    ("closures in closures", "let f = || 0; for i in 0..2000 { let g = f; f = || [g, g]; }"),
    ("a reduction that doubles", "let a = []; a.pad(1000, 0); a.reduce(|s, x| s + s, \"x\");"),
    ("a reduction that nests", "let a = []; a.pad(1000, 0); a.reduce(|all, x| [all, all], []);"),
    ("a reduction of maps", "let a = []; a.pad(1000, 0); a.reduce(|all, x| #{ a: all, b: all }, #{});"),
    ("a reduction of lists", "let a = []; a.pad(900, 0); a.reduce(|all, x| { all += all; all }, [1]);"),
    ("texts of a list", "let s = \"\"; s.pad(60000, \"x\"); let a = []; a.pad(1000, 0); a.map(|x| s + x);"),
    (
        "closures of a list",
        "let s = \"\"; s.pad(60000, \"x\"); let a = []; a.pad(1000, 0); a.map(|x| { let t = s + x; || t });",
    ),
    ("texts in capitals", "let s = \"\"; s.pad(60000, \"x\"); let a = []; a.pad(1000, 0); a.map(|x| s.to_upper());"),
    ("texts in texts", "let s = \"\"; s.pad(60000, \"x\"); let a = []; a.pad(1000, 0); a.map(|x| `${s}${x}`);"),
    (
        "replacements",
        "let s = \"\"; s.pad(60000, \"x\"); let a = []; a.pad(1000, 0); a.map(|x| s.replace(\"x\", \"y\"));",
    ),
    (
        "a dear comparison",
        "let a = []; a.pad(1000, 0); a.sort(|x, y| { let s = \"\"; s.pad(60000, \"x\"); s.len(); 0 });",
    ),
    ("a dear question", "let a = []; a.pad(1000, 0); a.some(|x| { let s = \"\"; s.pad(60000, \"x\"); s == \"y\" });"),
    (
        "a dear filter",
        "let a = []; a.pad(1000, 0); a.filter(|x| { let s = \"\"; s.pad(60000, \"x\"); s.split(\"y\").len() == 0 });",
    ),
    ("a sorted list", "let s = \"\"; s.pad(60, \"x\"); let a = []; a.pad(1000, s); loop { a.sort(); }"),
    ("a list compared", "let a = [0]; for i in 0..30 { a = [a]; } loop { a == a; }"),
    ("a search", "let s = \"\"; s.pad(60, \"x\"); let a = []; a.pad(1000, s); loop { a.index_of(s + \"y\"); }"),
    ("letters", "let s = \"\"; s.pad(60000, \"x\"); loop { for c in s.chars() { } }"),
    ("parts", "let s = \"\"; s.pad(60000, \"x\"); loop { s.split(\"\"); }"),
    ("JSON", "let m = #{}; for i in 0..300 { m[\"k\" + i] = [i, i, i]; } loop { m.to_json(); }"),
    ("keys of a map", "let m = #{}; loop { m[\"key \" + m.len()] = \"value\"; m.keys(); m.values(); }"),
    ("a list in a map in a list", "let a = []; loop { let m = #{ a: a }; a = [m, m]; }"),
    ("a range of numbers", "range(0, 9223372036854775807).contains(-1)"),
    ("a list that is drained", "let a = []; a.pad(1000, 0); loop { let b = a.drain(|x| x == 0); a += b; }"),
];

fn grown(payload: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("policy.rhai"), format!("before(\"/ok\", |ctx| {{ {payload} }});\n")).unwrap();
    let case = "[[case]]\nname = \"grows\"\npath = \"/ok\"\nexpect = \"continue\"\n";
    std::fs::write(folder.path().join("policy.cases.toml"), case).unwrap();
    let limited = format!("ulimit -v {MEMORY_KIB} && ulimit -t {PROCESSOR_SECS} && exec \"$@\"");
    let mut shell = Command::new("bash");
    let shell = shell.args(["-c", &limited, "bash", env!("CARGO_BIN_EXE_doorward"), "hooks", "test", "policy.rhai"]);
    shell.current_dir(folder.path()).output().unwrap()
}

#[test]
fn no_script_outgrows_its_bounds() {
    let mut outgrown = Vec::new();
    for (name, payload) in PAYLOADS {
        let Output { status, stdout, stderr } = grown(payload);
        let (said, error) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        // Whether the script ends well or with an error of its own: the process went on to tell.
        if status.code().is_none() || !(said.contains(" passed, ") || error.contains("policy.rhai")) {
            outgrown.push(format!("{name}: {status} {error:.80}"));
        }
    }
    assert!(outgrown.is_empty(), "{outgrown:#?}");
}

#[test]
fn an_honest_script_has_room_enough() {
    let Output { status, stdout, .. } =
        grown("let s = \"\"; s.pad(60000, \"x\"); let f = |a, b| a + b; let sum = f.call(1, 2);");
    assert!(status.success(), "{}", String::from_utf8_lossy(&stdout));
}
