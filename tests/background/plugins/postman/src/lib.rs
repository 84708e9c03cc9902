//! A plugin that brings the words of a mail, and nothing else.

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

pub fn plugin() -> Plugin {
    Plugin::new("postman", "0.1.0").mail_template(MailTemplate::new("posted", "From the plugin", "{{ data.text }}"))
}
