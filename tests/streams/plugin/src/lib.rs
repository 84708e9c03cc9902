//! Takes and gives bodies that are too large to be held.

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

const MOST: u32 = 80 << 20;
const ROWS: u32 = 40;

pub fn plugin() -> Plugin {
    Plugin::new("streams", "0.1.0")
        .table(
            Table::new("streamRow")
                .field(FieldRule::new("place", FieldType::Number).required().unique())
                .field(FieldRule::new("name", FieldType::String).required()),
        )
        .route(Route::put("/streams/measure", measure).accepts(&["*/*"]).reads_chunks(MOST))
        .route(Route::put("/streams/rows", import).accepts(&["text/csv"]).reads_chunks(MOST))
        .route(Route::put("/streams/transaction", in_transaction).accepts(&["*/*"]).reads_chunks(MOST))
        .route(
            Route::put("/streams/unread", |_, ()| Err(Error::new(403, "UNREAD", "No")))
                .accepts(&["*/*"])
                .reads_chunks(MOST),
        )
        .route(Route::put("/streams/whole", |_, ()| Response::json(&bodies::read()?.is_some())).accepts(&["*/*"]))
        .route(Route::get("/streams/rows", |_, ()| csv(0)).in_chunks(u64::from(MOST), rows))
        .route(Route::get("/streams/bytes", bytes).in_chunks(u64::from(MOST), more_bytes))
        .route(Route::get("/streams/broken", |_, ()| csv(0)).in_chunks(1 << 20, broken))
        .route(
            Route::get("/streams/refused", |_, ()| csv(0)).in_chunks(1 << 20, |_| Err(Error::new(409, "TAKEN", "No"))),
        )
        .route(Route::get("/streams/empty", |_, ()| csv(0)).in_chunks(1 << 20, |_| Chunk::more("", &json!(0))))
        .route(Route::get("/streams/undeclared", |_, ()| csv(0)))
        .route(Route::get("/streams/small", |_, ()| Response::json(&json!("at once"))).in_chunks(1 << 20, rows))
        .after(On::path("/streams/rows").reads_answer().when_header("x-look"), |_, reply| {
            reply.set_header("x-seen", if reply.body().is_some() { "yes" } else { "no" })
        })
}

fn measure(_request: &Request, (): ()) -> Result<Response> {
    let (mut bytes, mut sum) = (0_u64, 0_u64);
    while let Some(chunk) = bodies::read()? {
        bytes += chunk.len() as u64;
        sum += chunk.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    }
    Response::json(&json!({ "bytes": bytes, "sum": sum }))
}

/// Lines of `place,name`, which may begin in one chunk and end in another.
fn import(_request: &Request, (): ()) -> Result<Response> {
    let (mut text, mut count) = (Vec::new(), 0);
    while let Some(chunk) = bodies::read()? {
        text.extend(chunk);
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            keep(String::from_utf8_lossy(&line).trim_end())?;
            count += 1;
        }
    }
    Response::json(&json!({ "rows": count }))
}

fn keep(line: &str) -> Result<()> {
    let (place, name) = line.split_once(',').unwrap_or_default();
    let place: u32 = place.parse().map_err(|_| Error::new(422, "NO_PLACE", "A line begins with a place"))?;
    models::insert::<Value>("streamRow", &json!({ "place": place, "name": name }))?;
    Ok(())
}

fn in_transaction(_request: &Request, (): ()) -> Result<Response> {
    match transactions::run(bodies::read) {
        Err(Error::Host(HostError::Invalid(text))) => Ok(Response::text(text)),
        _ => Err(Error::internal()),
    }
}

fn csv(after: u32) -> Result<Response> {
    Response::chunked("text/csv; charset=utf-8", &json!({ "after": after }))
}

fn rows(cursor: &Value) -> Result<Chunk> {
    let after = cursor["after"].as_u64().unwrap_or_default();
    let rows: Vec<Value> = models::find("streamRow", gt("place", after).order_by("place").limit(ROWS))?;
    let line = |row: &Value| format!("{},{}\n", row["place"], row["name"].as_str().unwrap_or_default());
    let text: String = rows.iter().map(line).collect();
    match rows.last().filter(|_| rows.len() == ROWS as usize) {
        Some(last) => Chunk::more(text, &json!({ "after": last["place"] })),
        None => Ok(Chunk::last(text)),
    }
}

fn bytes(request: &Request, (): ()) -> Result<Response> {
    let mib = request.query("mib").and_then(|mib| mib.parse::<u32>().ok()).unwrap_or(1);
    Response::chunked("application/octet-stream", &json!(mib))
}

fn more_bytes(left: &Value) -> Result<Chunk> {
    let left = left.as_u64().unwrap_or_default();
    let mib = vec![7; 1 << 20];
    if left > 1 { Chunk::more(mib, &json!(left - 1)) } else { Ok(Chunk::last(mib)) }
}

fn broken(cursor: &Value) -> Result<Chunk> {
    if cursor["after"] == 0 { Chunk::more("one", &json!({ "after": 1 })) } else { panic!("as asked") }
}
