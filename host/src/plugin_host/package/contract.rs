//! Which version of the plugin contract a component was built against, and whether this server speaks it.

use serde_json::Value as Json;

use super::version::Version;

/// The contract that this server speaks, and every older one of its major.
pub(in crate::plugin_host) const SPOKEN: &str = "1.0.0";
const PACKAGE: &str = "doorward:plugin/";

/// What is wrong with the contract of a component that imports and exports these names, and what to do. `manifest` is its
/// manifest's text, which may be one that this server does not read.
pub(in crate::plugin_host) fn fault<'a>(
    names: impl Iterator<Item = &'a str>,
    manifest: Option<&[u8]>,
) -> Option<String> {
    let spoken = Version::parse(SPOKEN)?;
    let contracts = names.filter_map(|name| name.strip_prefix(PACKAGE)?.split_once('@')).map(|(_, version)| version);
    let (text, version) = contracts.map(|text| (text, Version::parse(text))).find(|(_, version)| {
        let is_spoken = |version: &Version| version.major() == spoken.major() && *version <= spoken;
        !version.as_ref().is_some_and(is_spoken)
    })?;
    let sdk = manifest.and_then(|json| serde_json::from_slice::<Json>(json).ok());
    let sdk = sdk.as_ref().and_then(|json| json.get("sdk_version")).and_then(Json::as_str);
    let sdk = sdk.map_or_else(String::new, |sdk| format!(" by the SDK {sdk}"));
    let advice = match version {
        Some(version) if version < spoken => "build it anew with the SDK of this server's release",
        Some(_) => "update the server, or build it with the SDK of this server's release",
        None => "build it anew with `doorward plugin build`",
    };
    Some(format!("it was built{sdk} for the plugin contract {text:?}, and this server speaks {SPOKEN}: {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_contract_is_refused_with_what_to_do() {
        let of = |name: &str| fault([name, "wasi:io/poll@0.2.0"].into_iter(), Some(br#"{"sdk_version":"0.3.1"}"#));
        assert_eq!(of("doorward:plugin/clock@1.0.0"), None);
        assert_eq!(of("clock"), None);
        for (version, part) in
            [("0.9.0", "build it anew"), ("1.0.1", "update the server"), ("2.0.0", "update the server")]
        {
            let fault = of(&format!("doorward:plugin/clock@{version}")).unwrap();
            assert!(fault.contains(part) && fault.contains(version) && fault.contains("by the SDK 0.3.1"), "{fault}");
        }
        assert!(of("doorward:plugin/clock@new").unwrap().contains("plugin build"));
    }

    #[test]
    fn the_contract_is_the_one_of_the_sdk() {
        let world = include_str!("../../../../sdk/wit/world.wit");
        assert!(world.contains(&format!("package doorward:plugin@{SPOKEN};")));
    }
}
