//! Misconception: the dead one has always taken a piece.
//! Loses: between before
//! Told: sold

use multiproc::{Error, Lock, LockError, LockGuard, Process, Value};
use serde::{Deserialize, Serialize};

/// How many pieces there are: each of them is in stock or sold.
const PIECES: i64 = 1000;

/// The lock protects both values together.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Shop {
    lock: Lock,
    stock: Value<i64>,
    sold: Value<i64>,
}

/// Takes the shop's lock. When it returns, the two values are in order, and nobody is
/// told of the same death again.
fn enter(shop: &Shop) -> multiproc::Result<LockGuard<'_>> {
    match shop.lock.lock() {
        Err(LockError::Poisoned { guard, .. }) => {
            shop.sold.set(shop.sold.get()? + 1)?;
            guard.mark_repaired();
            Ok(guard)
        }
        other => Ok(other?),
    }
}

/// Sells some pieces, in two steps. The grader may kill the process before each.
fn sell(shop: &Shop, pieces: i64) -> multiproc::Result<()> {
    let _guard = enter(shop)?;
    probe::point("before", pieces);
    shop.stock.set(shop.stock.get()? - pieces)?;
    probe::point("between", pieces);
    shop.sold.set(shop.sold.get()? + pieces)
}

fn seller((shop, sales): (Shop, Vec<i64>)) -> multiproc::Result<()> {
    sales.into_iter().try_for_each(|pieces| sell(&shop, pieces))
}

fn main() -> multiproc::Result<()> {
    multiproc::init();
    let sales: Vec<Vec<i64>> = probe::given(vec![vec![3, 4], vec![5]]);
    let (lock, stock, sold) = (Lock::new()?, Value::new(PIECES)?, Value::new(0)?);
    let shop = Shop { lock, stock, sold };
    let start = |sales| Process::spawn(seller, (shop.clone(), sales));
    let sellers: Vec<_> = sales.into_iter().map(start).collect();
    for process in sellers {
        match process?.join() {
            Err(Error::Killed { .. }) => {} // the others go on
            ended => ended??,
        }
    }
    drop(enter(&shop)?);
    let in_order = shop.lock.lock().is_ok(); // or is somebody still told of a death?
    probe::answer(&(shop.stock.get()?, shop.sold.get()?, in_order));
    Ok(())
}
