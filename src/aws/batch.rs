//! Calls that take many ids at once: whoever asks while one is on its way shares the next.

use super::{Error, ErrorClass, Result};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// Ids sent in one call at most.
const MOST: usize = 25;

/// One id, and who waits for what comes of it.
type Asked = (String, oneshot::Sender<Result<()>>);

/// What shares the calls of one operation. No time is spent on waiting for others: the first call
/// goes out with those that ask at the same moment, and those that ask meanwhile go in the next.
#[derive(Debug, Default)]
pub struct Batch {
    asked: Mutex<Vec<Asked>>,
    turn: tokio::sync::Mutex<()>,
}

impl Batch {
    /// Asks for one id. `call` sends ids and returns the errors of those that were refused, or the
    /// error of the whole; it is used by whoever's turn it is, for its own id and others'.
    pub async fn send<F, Fut>(&self, id: &str, call: F) -> Result<()>
    where
        F: Fn(Vec<String>) -> Fut,
        Fut: Future<Output = Result<BTreeMap<String, Error>>>,
    {
        let (tell, mut answer) = oneshot::channel();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((id.to_owned(), tell));
        loop {
            let _turn = self.turn.lock().await;
            match answer.try_recv() {
                Ok(answer) => return answer,
                // Whoever had taken it over was given up in the middle of its call.
                Err(oneshot::error::TryRecvError::Closed) => {
                    let error = Error::local("a shared call", "it was interrupted");
                    return Err(Error { class: ErrorClass::Ambiguous, ..error });
                }
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            // Those that are about to ask do so first.
            tokio::task::yield_now().await;
            let together: Vec<Asked> = {
                let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
                let end = asked.len().min(MOST);
                asked.drain(..end).collect()
            };
            let result = call(together.iter().map(|(id, _)| id.clone()).collect()).await;
            for (id, tell) in together {
                let one = match &result {
                    Ok(refused) => refused.get(&id).cloned().map_or(Ok(()), Err),
                    Err(error) => Err(error.clone()),
                };
                let _ = tell.send(one);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn what_is_asked_during_a_call_goes_together_in_the_next() {
        let (batch, sent) = (Batch::default(), Mutex::new(Vec::new()));
        let call = async |ids: Vec<String>| {
            sent.lock().unwrap().push(ids.len());
            tokio::time::sleep(Duration::from_secs(1)).await;
            let refused = ids.into_iter().filter(|id| id == "7");
            Ok(refused.map(|id| (id, Error::local("Delete", "no"))).collect())
        };
        let ids: Vec<String> = (0..40).map(|n| n.to_string()).collect();
        let answers = join_all(ids.iter().map(|id| batch.send(id, call))).await;
        // The first to get its turn takes all that have asked by then, up to the most.
        assert_eq!(*sent.lock().unwrap(), [25, 15]);
        let refused: Vec<usize> = (0..40).filter(|n| answers[*n].is_err()).collect();
        assert_eq!(refused, [7]);
    }

    #[tokio::test]
    async fn the_error_of_the_whole_is_everybody_s() {
        let batch = Batch::default();
        let call = async |_: Vec<String>| Err(Error::local("Delete", "denied"));
        let answers = join_all([batch.send("a", call), batch.send("b", call)]).await;
        assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|e| e.message == "denied")));
    }
}
