//! Components that no SDK would make: written as modules, with any manifest.

use wasm_encoder::ComponentSection;
use wit_parser::Resolve;

/// The custom section that holds the manifest.
const SECTION: &str = "doorward:manifest";

/// Exports of a module that answers everything with a pointer to zeroes.
const HONEST: &str = r#"
    (import "doorward:plugin/types@1.0.0" "[resource-drop]request" (func $drop_request (param i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096)
    (func (export "doorward:plugin/lifecycle@1.0.0#describe") (result i32) i32.const 1024)
    (func (export "doorward:plugin/lifecycle@1.0.0#check") (result i32) i32.const 1024)
"#;

const WORLD: &str = "package test:hostile;
    world hostile {
        export doorward:plugin/lifecycle@1.0.0;
        export doorward:plugin/routes@1.0.0;
    }";

/// Spins before it can be asked anything.
pub fn loops_at_start() -> Vec<u8> {
    component(&format!("(module {HONEST} {} (func $spin (loop br 0)) (start $spin))", handle("i32.const 1024")))
}

/// Answers with a body of `length` bytes at `pointer`, whatever is there.
pub fn lies_about_its_body(pointer: u32, length: u32) -> Vec<u8> {
    // result::ok, response { status: 200, headers: [], body: some(pointer, length) }
    let answer = format!(
        "i32.const 2048 i32.const 0 i32.store8
         i32.const 2052 i32.const 200 i32.store16
         i32.const 2056 i32.const 0 i32.store
         i32.const 2060 i32.const 0 i32.store
         i32.const 2064 i32.const 1 i32.store8
         i32.const 2068 i32.const {pointer} i32.store
         i32.const 2072 i32.const {length} i32.store
         i32.const 2048"
    );
    component(&format!("(module {HONEST} {})", handle(&answer)))
}

/// Answers with a list of `count` headers.
pub fn lies_about_its_headers(count: u32) -> Vec<u8> {
    let answer = format!(
        "i32.const 2048 i32.const 0 i32.store8
         i32.const 2052 i32.const 200 i32.store16
         i32.const 2056 i32.const 0 i32.store
         i32.const 2060 i32.const {count} i32.store
         i32.const 2048"
    );
    component(&format!("(module {HONEST} {})", handle(&answer)))
}

/// Wants a memory larger than any plugin gets.
pub fn starts_with_much_memory() -> Vec<u8> {
    let greedy = HONEST.replace("\"memory\") 1)", "\"memory\") 20000)");
    component(&format!("(module {greedy} {})", handle("i32.const 1024")))
}

/// Appends a manifest with one route, as `doorward plugin build` would.
pub fn with_manifest(component: Vec<u8>, id: &str) -> Vec<u8> {
    with_route(component, id, "GET", "/hostile/raw")
}

/// As [`with_manifest`], with a route of one's choice.
pub fn with_route(component: Vec<u8>, id: &str, method: &str, path: &str) -> Vec<u8> {
    let manifest = serde_json::json!({
        "manifest_version": 1, "id": id, "version": "1", "sdk_version": "1",
        "routes": [{ "method": method, "path": path }],
        "capabilities": [],
    });
    with_section(component, &serde_json::to_vec(&manifest).unwrap())
}

/// Appends a manifest of any text.
pub fn with_section(mut component: Vec<u8>, manifest: &[u8]) -> Vec<u8> {
    wasm_encoder::CustomSection { name: SECTION.into(), data: manifest.into() }.append_to_component(&mut component);
    component
}

/// The component with its manifest changed, whatever it really does.
pub fn redeclared(
    mut component: Vec<u8>,
    change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>),
) -> Vec<u8> {
    let sections = wasmparser::Parser::new(0).parse_all(&component).map(Result::unwrap);
    let section = sections.filter_map(|part| match part {
        wasmparser::Payload::CustomSection(section) if section.name() == SECTION => Some(section),
        _ => None,
    });
    let section = section.last().unwrap();
    let mut manifest = serde_json::from_slice(section.data()).unwrap();
    change(&mut manifest);
    // It was appended last: before its contents stand their length, in groups of seven bits, and the section's kind.
    let (start, end) = (usize::try_from(section.range().start).unwrap(), usize::try_from(section.range().end).unwrap());
    let groups = (usize::BITS - (end - start).leading_zeros()).div_ceil(7) as usize;
    let begin = start - groups - 1;
    assert_eq!((component[begin], end), (0, component.len()));
    component.truncate(begin);
    with_section(component, &serde_json::to_vec(&manifest).unwrap())
}

/// The component with one more module, which is instantiated with it and imports nothing.
pub fn beside(mut component: Vec<u8>, module: &[u8]) -> Vec<u8> {
    let parsed = wasmparser::Parser::new(0).parse_all(&component).map(Result::unwrap);
    let modules = parsed.filter(|part| matches!(part, wasmparser::Payload::ModuleSection { .. })).count();
    let mut instances = wasm_encoder::InstanceSection::new();
    instances.instantiate::<_, &str>(u32::try_from(modules).unwrap(), []);
    RawModule(module).append_to_component(&mut component);
    instances.append_to_component(&mut component);
    component
}

/// A core module's section, of its bytes.
struct RawModule<'a>(&'a [u8]);

impl wasm_encoder::Encode for RawModule<'_> {
    fn encode(&self, sink: &mut Vec<u8>) {
        self.0.encode(sink);
    }
}

impl ComponentSection for RawModule<'_> {
    fn id(&self) -> u8 {
        wasm_encoder::ComponentSectionId::CoreModule.into()
    }
}

/// An answer with the status that this code leaves, and an empty body.
fn answer(status: &str) -> String {
    format!(
        "i32.const 2048 i32.const 0 i32.store8
         i32.const 2052 {status} i32.store16
         i32.const 2056 i32.const 0 i32.store
         i32.const 2060 i32.const 0 i32.store
         i32.const 2064 i32.const 0 i32.store8
         i32.const 2048"
    )
}

/// Answers with this status.
pub fn answers(status: u16) -> Vec<u8> {
    component(&format!("(module {HONEST} {})", handle(&answer(&format!("i32.const {status}")))))
}

/// Answers with whatever these bytes mean.
pub fn answers_with(bytes: &[u8]) -> Vec<u8> {
    let bytes: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    component(&format!("(module {HONEST} {} (data (i32.const 2048) \"{bytes}\"))", handle("i32.const 2048")))
}

/// Answers 200 with these headers, whatever they say, and a body.
pub fn answers_with_headers(headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    // The answer is at 2048, the list of headers at 2080, their texts after it.
    let mut texts = Vec::new();
    let start = 2080 + headers.len() * 16;
    let mut place = |text: &str| {
        let at = [start + texts.len(), text.len()].map(|number| u32::try_from(number).unwrap().to_le_bytes());
        texts.extend_from_slice(text.as_bytes());
        at.concat()
    };
    let list: Vec<u8> = headers.iter().flat_map(|(name, value)| [place(name), place(value)].concat()).collect();
    let body = place(body);
    let count = u32::try_from(headers.len()).unwrap().to_le_bytes();
    let mut bytes =
        [&[0, 0, 0, 0], &[200, 0, 0, 0], &2080_u32.to_le_bytes(), &count, &[1, 0, 0, 0], &body[..]].concat();
    bytes.resize(32, 0);
    answers_with(&[bytes, list, texts].concat())
}

/// Runs a module's own text beside a well-behaved plugin.
pub fn with_text(text: &str) -> Vec<u8> {
    component(&format!("(module {HONEST} {} {text})", handle(&answer("i32.const 200"))))
}

/// Fills 25 MiB of memory again and again: each time is one instruction.
pub fn fills_memory() -> Vec<u8> {
    let large = HONEST.replace("\"memory\") 1)", "\"memory\") 400)");
    let body = "(loop i32.const 8192 i32.const 7 i32.const 25000000 memory.fill br 0) unreachable";
    component(&format!("(module {large} {})", handle(body)))
}

/// Looks for a mark in its memory, a table of numbers and a global, then leaves one in all of them. 200 when there was none,
/// 299 when there was.
pub fn leaves_a_mark() -> Vec<u8> {
    let large = HONEST.replace("\"memory\") 1)", "\"memory\") 8)");
    let body = format!(
        "(local.set $status (i32.const 200))
         (if (i32.eq (global.get $mark) (i32.const 0x5ec2e7)) (then (local.set $status (i32.const 299))))
         (global.set $mark (i32.const 0x5ec2e7))
         (local.set $at (i32.const 8192))
         (loop $next
           (if (i32.eq (i32.load (local.get $at)) (i32.const 0x5ec2e7)) (then (local.set $status (i32.const 299))))
           (i32.store (local.get $at) (i32.const 0x5ec2e7))
           (local.set $at (i32.add (local.get $at) (i32.const 4)))
           (br_if $next (i32.lt_u (local.get $at) (i32.const 524284))))
         {}",
        answer("local.get $status")
    );
    component(&format!(
        "(module {large} (global $mark (mut i32) (i32.const 0)) {})",
        handle_with("(local $at i32) (local $status i32)", &body)
    ))
}

/// A component in the text form, whatever it contains.
pub fn from_text(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn handle(body: &str) -> String {
    handle_with("", body)
}

/// A handler that gives the request back, as each must, and does `body`.
fn handle_with(locals: &str, body: &str) -> String {
    format!(
        r#"(func (export "doorward:plugin/routes@1.0.0#handle") (param i32 i32) (result i32) {locals}
             (call $drop_request (local.get 1)) {body})"#
    )
}

fn component(module: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_dir(super::root().join("sdk/wit")).unwrap();
    let package = resolve.push_str("hostile.wit", WORLD).unwrap();
    let world = resolve.select_world(&[package], Some("hostile")).unwrap();
    let mut module = wat::parse_str(module).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, wit_component::StringEncoding::UTF8, false)
        .unwrap();
    let mut encoder = wit_component::ComponentEncoder::default();
    encoder.validate(true).module(&module).unwrap().encode().unwrap()
}
