//! `GET /error`: the target of failed redirects; redirects to the application with the error's code.

use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Response;

/// Redirects to `/?error=<code>`, or to `on_api_error.error_url` with the same query. A code that is not plain text
/// becomes `UNKNOWN`.
///
/// # Errors
/// None.
pub async fn error_page(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let query = &exchange.request.query;
    let is_plain = |code: &&str| !code.is_empty() && code.bytes().all(is_code_byte);
    let code = query.get("error").filter(is_plain).unwrap_or("UNKNOWN");
    let mut target = url::form_urlencoded::Serializer::new(String::new());
    target.append_pair("error", code);
    if let Some(description) = query.get("error_description") {
        target.append_pair("error_description", description);
    }
    let mut response = Response::bare(302);
    let page = exchange.auth().config.on_api_error.error_url.as_deref().unwrap_or("/");
    let separator = if page.contains('?') { '&' } else { '?' };
    response.headers.push("location", format!("{page}{separator}{}", target.finish()));
    Ok(response)
}

fn is_code_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'\'')
}
