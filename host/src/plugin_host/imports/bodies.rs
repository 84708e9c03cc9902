//! Capability `bodies`: the body of a request that is too large to be held, chunk by chunk.

use super::interfaces::bodies::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::http::chunks::Upload;
use crate::plugin_host::call::state::State;

impl State {
    /// The body of the request, for a route that reads it so.
    fn upload(&mut self) -> wasmtime::Result<Answer<Upload>> {
        let exchange = &mut self.work()?.exchange;
        if !exchange.route.as_ref().is_some_and(|route| route.reads_chunks) {
            let reason = "the route does not declare that it reads its body in chunks";
            return Ok(Err(HostError::Denied(reason.to_owned())));
        }
        let request = &mut exchange.request;
        // A call of a backend or of another endpoint brings its body at once.
        Ok(Ok(request.upload.get_or_insert_with(|| Upload::of(&request.raw_body)).clone()))
    }
}

impl Host for State {
    async fn read(&mut self) -> wasmtime::Result<Answer<Option<Vec<u8>>>> {
        at_its_time!(self, "bodies", "read");
        let upload = match self.upload()? {
            Ok(upload) => upload,
            Err(error) => return Ok(Err(error)),
        };
        let received = match upload.ready() {
            Some(received) => received,
            None => self.aside(upload.next()).await?,
        };
        let chunk = received.transpose()?;
        self.renew();
        let chunk = self.note_input(chunk);
        Ok(Ok(chunk.map(|bytes| bytes.to_vec())))
    }
}
