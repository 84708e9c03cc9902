//! The promise of the sandbox: what a plugin or a script can do is what the operator granted.
//!
//! Components are those of `tests/hostile/thief`, one for each grant and one without any, under a manifest of the case;
//! what they do at each moment is in their options. Most cases are tried with `grants = []`, with each single grant that
//! matters, and once with all of them, where the harm must come about: so that no case passes because it does nothing.
//!
//! `O`, `RQ`, `RA`, `CQ`, `CA` and `S` stand for `observes:`, `reads-request:`, `reads-answer:`, `changes-request:`,
//! `changes-answer:` and `secrets:` with the pattern of the hook. "Blind": with `[]` it is refused at load with the line
//! `observes:<pattern>`; with anything short of `S` no secret is in what it saw; with `O` alone no address and no name.
//! "Kept": refused with `[]`; without the right that it needs, nothing changed. "Refused": not loaded, with a line that
//! names what is wrong.
//!
//! | test | what is tried | with what | what must come out |
//! |---|---|---|---|
//! | **`reading`** | | | |
//! | `at_sign_in`, `…_by_form`, `at_sign_up` | passwords, tokens in answers | `[]`, `O`, `RQ`, `RA`, `CQ`+`CA`, `cookies`, `S` elsewhere | blind |
//! | `at_change_password`, `at_verify_password` | `currentPassword`, `newPassword`, a token in the answer | the same | blind |
//! | `at_reset_password` | `newPassword`, `token` in the body and in the query | the same | blind |
//! | `in_the_path_of_a_reset` | a token in the path, a parameter, the answer's `location` | the same | blind |
//! | `in_the_query_of_a_mailed_link`, `at_delete_user` | tokens of mailed links | the same | blind |
//! | `in_the_answers_of_get_session`, `…_list_sessions` | tokens in objects and lists | the same | blind; the client gets them |
//! | `at_every_path_at_once` | `/**`: all of it, cookies, `Authorization` | the same | blind |
//! | `at_a_function_of_the_backend` | `newPassword` on the management address | the same | blind |
//! | `at_an_endpoint_of_another_plugin` | `code`, `secret` and more, nested and listed | the same | blind |
//! | `in_rows_that_change` | tokens, hashes, identifiers in events of all rows | `[]`, `users`, `sessions`, `verifications` | none of them is shown |
//! | `by_a_part_in_claims` | the query of the request for a token | `[]`, `claims`, `users` | no `token`, no `code`, or refused |
//! | `a_pattern_is_granted_as_it_is_written` | `/**` by a narrower right; a path made one's own by a parameter | narrower rights; `[]` | refused |
//! | **`reading_scripts`** | | | |
//! | `the_body_before_an_endpoint` | passwords and tokens, in nine ways, to the client and to the log | a script | in neither |
//! | `the_query_and_the_parameters` | tokens in query, parameters and path | a script | not shown |
//! | `the_body_at_a_gate` | the password of a sign-in | a script | not shown |
//! | `the_answer_after_an_endpoint`, `the_headers_…` | tokens in answers and in `location` | a script | not shown; the client gets them |
//! | `what_a_mail_carries` | token and link in `data` and texts, to the subject and the audit | a script | in neither; the reader gets the link |
//! | `what_goes_into_the_outbox` | passwords, tokens, hashes in events that a script sends | a script | not in the outbox |
//! | `what_is_secret_is_not_lost` | an honest change of a body and of an answer | a script | the secrets stay |
//! | **`rewriting`** | | | |
//! | `the_address_of_a_sign_up`, `the_new_password_of_a_change` | another body | all but `CQ` | kept |
//! | `a_request_that_is_answered_before_its_endpoint` | an answer in the endpoint's place | all but `CA` | kept |
//! | `the_answer_of_a_sign_in`, `…_of_get_session` | another answer | all but `CA` | kept |
//! | `headers_that_decide_where_a_client_goes` | a plain header; `refresh`, `clear-site-data`, `access-control-…`, `x-frame-options` | all but `CA`; `CA` | kept; not even with `CA` |
//! | `what_is_secret_stays_as_it_was_sent`, `…_answered` | what was redacted written back, or forged | `O`, `RQ`, `CQ`; `O`, `RA`, `CA` | the secrets are the client's, the rest changes |
//! | `whose_address_is_verified`, `whose_address_a_user_has` | fields of users by an event and a manifest that declares them | `[]`, `cookies`, `verifications`, `mail` | unchanged, or refused |
//! | `whose_session_it_is`, `the_token_of_a_session`, `how_long_…` | fields of sessions in the same way | the same | unchanged, or refused |
//! | `fields_of_users_by_name` | fields that the manifest does not declare | `users` | all or nothing |
//! | `the_answer_of_a_sign_in_by_a_gate` | a challenge as an answer of one's own | `[]`, `cookies`, `users` | not answered, or refused |
//! | `claims_of_tokens` | another role in a token | `[]`, `cookies`, `users` | unchanged, or refused |
//! | **`forging`** | | | |
//! | `a_signature_is_not_the_cores` | any value, signed as one's own cookie | `cookies` | no signature of the core's |
//! | `a_link_that_verifies_…`, `…_changes_an_address` | `b64url(header).b64url(claims)` as a mailed link | `cookies` | 401, unchanged |
//! | `a_session_in_a_compact_copy`, `…_signed_copy` | a cached session of someone else | `cookies` | oneself is signed in |
//! | `a_session_from_its_bare_token` | a token as the session's cookie | `cookies` | nobody is signed in |
//! | `a_device_that_is_known` | the mark of a known device | `cookies` | guesses are limited |
//! | `a_cookie_of_another_name`, `…_of_another_plugin` | one's signed value under another name | `cookies` | it does not count |
//! | `what_was_signed_comes_back_under_its_name` | an honest cookie | `cookies` | it counts |
//! | **`minting`** | | | |
//! | `a_token_that_resets_a_password`, `…_deletes_an_account` | a row under the core's prefix, a shorter or a longer one | `verifications` | password and account stay, or refused |
//! | `prefixes_of_the_core`, `old_passwords_…` | the same prefixes in a manifest | `[]`, `verifications` | refused |
//! | `beginnings_of_ones_own_prefix` | rows of others | `verifications` | denied, untouched |
//! | **`colliding`** | | | |
//! | `cookies_by_name`, `…_by_a_beginning`, `…_by_an_option`, `…_of_another_plugin_by_an_option` | cookies of the core and of others, in every spelling | `cookies` | refused |
//! | `paths_of_the_core`, `…_by_an_option`, `…_by_parameters` | paths of the core, with another method too | `[]` | refused |
//! | `functions_…`, `error_codes_…`, `mails_of_the_core` | names of the core | `[]` | refused |
//! | `limits_on_paths_of_others`, `a_lifted_limit_on_sign_ins` | a million sign-ins a second | `[]`, `O`, `CQ` | refused; guesses are limited |
//! | `providers_named_like_ways_to_sign_in` | providers `passkey`, `email`, … | of this project | refused |
//! | **`escaping`** | | | |
//! | `a_second_factor_by_the_name_of_a_way` | sessions opened as `passkey`, `impersonation`, … | `sessions`, `users` | each is challenged |
//! | `a_policy_by_the_name_of_a_way` | a session opened as the core's `email` | `sessions`, `users` | a gate that wants the core's way refuses |
//! | `a_parameter_that_is_encoded`, `a_query_that_repeats_itself` | what guards by text, passed by another spelling | `[]` | as the contract says |
//! | **`starving`** | | | |
//! | `a_slow_server_holds_no_turns` | 100 requests that wait for another server | `http` | a sign-in with another plugin's hook goes on |
//! | `more_than_may_wait_come_again` | 140 requests that wait for another server | `http` | 12 get 503 at once, 128 their answer |
//! | `a_dead_provider_stops_nobody` | 150 sign-ins at a provider that does not answer | of this project | everybody else signs in; it is asked once in 30 s |
//! | `work_on_an_input_is_the_clients_fault` | 25 bodies that fit and take too long | `[]` | 422, no failure of the plugin |
//! | `inputs_at_a_hook_…`, `inputs_at_a_route_…` | 25 bodies that take too long | `O`, `RQ` | 4xx; the next sign-in goes on |
//! | `deep_inputs_are_the_clients_fault` | deep, wide and long bodies | `O`, `RQ` | 4xx, no failure of the plugin |
//! | `sign_out_depends_on_no_plugin`, `…_no_event` | hooks and events that fail at sign-out | all rights; `[]` | signed out |
//! | `sign_out_depends_on_no_script` | scripts that fail at sign-out, or refuse the end of a session | scripts | signed out |
//! | `a_paused_gate_stops_its_own_users_alone` | two-factor until it is paused | of this project | its users do not get in; all else goes on |
//! | `a_paused_observer_stops_nobody` | an `after` hook that fails until it is paused | `O` | sign-ins go on |
//! | `a_busy_machine_ends_no_call` | an honest call while 32 threads are busy | `[]` | it ends well |
//! | **`growing`** | | | |
//! | `no_script_outgrows_its_bounds` | 35 scripts: `curry`, reductions, closures, native loops, texts, lists, maps | 384 MiB, 1 s of a processor | each ends by itself |
//! | **`failing_open`** | | | |
//! | `an_age_that_is_none`, `an_order_of_unlike_things` | ages that are missing, null, texts, lists, true | scripts | refused |
//! | `a_header_…`, `an_address_in_another_case` | other spellings of what a rule names | scripts | the rule holds |
//! | `false_is_a_refusal`, `abort_is_a_refusal` | `return false`, `abort()` | scripts | 4xx, nothing happened |
//! | `a_date_without_a_time`, `what_changed_after_a_change` | `time("1990-01-01")`; `ctx.changed` and `ctx.changes` after a change | scripts | the rule holds |
//! | `a_hook_that_guards_…`, `a_gate_does_not_open` | `on_failure = "open"` | `O`, `RQ`, `CQ`; `[]` | refused |
//! | `rules_that_never_hold_are_reported` | `hooks check` on rules that nothing meets | scripts | each is reported |

mod colliding;
mod escaping;
mod failing_open;
mod forging;
mod growing;
mod minting;
mod reading;
mod reading_scripts;
mod rewriting;
mod script;
mod starving;
pub mod thief;
