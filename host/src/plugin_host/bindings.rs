//! Generated from `sdk/wit`: the traits that the imports implement and the calls that the host makes.

/// Stands for the one request, answer, sign-in or change that an instance is working on.
pub struct Lent;

/// Stands for the open transaction of an instance.
pub struct OpenTransaction;

wasmtime::component::bindgen!({
    path: "../sdk/wit",
    world: "plugin",
    imports: {
        "doorward:plugin/types.[method]request.session": async | trappable,
        "doorward:plugin/types": trappable,
        "doorward:plugin/config": trappable,
        "doorward:plugin/log": trappable,
        "doorward:plugin/clock": trappable,
        "doorward:plugin/crypto": trappable,
        "doorward:plugin/cache": trappable,
        "doorward:plugin/cookies": trappable,
        "doorward:plugin/sealing": trappable,
        "doorward:plugin/webauthn": trappable,
        "doorward:plugin/site": trappable,
        default: async | trappable,
    },
    exports: { default: async },
    with: {
        "doorward:plugin/types.request": Lent,
        "doorward:plugin/types.reply": Lent,
        "doorward:plugin/types.attempt": Lent,
        "doorward:plugin/types.change": Lent,
        "doorward:plugin/transactions.transaction": OpenTransaction,
    },
});
