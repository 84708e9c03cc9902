//! A plugin that writes down what it hears of.

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

pub fn plugin() -> Plugin {
    let noted = Listener::new("worker:noted", |task| {
        let told: Value = task.payload()?;
        models::insert::<Value>("confidantNote", &json!({ "told": told.to_string() })).map(drop)
    });
    let noted = noted
        .field(FieldRule::new("text", FieldType::String).required())
        .field(FieldRule::new("code", FieldType::String));
    Plugin::new("confidant", "0.1.0")
        .table(Table::new("confidantNote").field(FieldRule::new("told", FieldType::String).required()))
        .listens(noted.with_secrets())
}
