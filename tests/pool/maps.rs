//! Maps and single tasks, when all goes well.

use multiproc::{Error, Pool};
use tests::Outcome;

use super::work::{Death, die, length, square};

pub(super) fn results_keep_the_order() -> Outcome {
    let pool = Pool::new(3)?;
    for count in [1, 2, 100, 20_000] {
        let expected: Vec<i64> = (0..count).map(square).collect();
        assert_eq!(pool.map(square, 0..count)?, expected);
    }
    pool.close();
    Ok(())
}

pub(super) fn nothing_maps_to_nothing() -> Outcome {
    for chunk in [1, 7, 100] {
        let pool = Pool::builder().workers(2).chunk_size(chunk).build()?;
        assert!(pool.map(square, [])?.is_empty());
        assert_eq!(pool.imap(square, [])?.count(), 0);
        assert_eq!(pool.imap_unordered(square, [])?.count(), 0);
        assert!(pool.worker_ids().is_empty(), "nobody was needed");
        pool.close();
    }
    Ok(())
}

pub(super) fn chunks_change_nothing() -> Outcome {
    let expected: Vec<i64> = (0..40).map(square).collect();
    for chunk in [1, 6, 40, 50, 1_000_000, usize::MAX / 2] {
        let pool = Pool::builder().workers(4).chunk_size(chunk).build()?;
        assert_eq!(pool.map(square, 0..40)?, expected);
        let lazy: Result<Vec<i64>, Error> = pool.imap(square, 0..40)?.collect();
        assert_eq!(lazy?, expected);
    }
    Ok(())
}

pub(super) fn zero_is_refused() -> Outcome {
    let zero = std::time::Duration::ZERO;
    for builder in [
        Pool::builder().workers(0),
        Pool::builder().chunk_size(0),
        Pool::builder().tasks_per_worker(0),
        Pool::builder().task_timeout(zero),
    ] {
        assert!(matches!(builder.build(), Err(Error::Zero { .. })));
    }
    assert!(matches!(Pool::new(0), Err(Error::Zero { .. })));
    Ok(())
}

pub(super) fn a_lazy_map_is_in_order_and_ends() -> Outcome {
    let pool = Pool::builder().workers(3).chunk_size(100).build()?;
    let mut results = pool.imap(square, 0..1000)?;
    for number in 0..1000 {
        let result = results.next().expect("there are 1000")?;
        assert_eq!(result, square(number));
    }
    assert!(results.next().is_none());
    assert!(results.next().is_none());
    Ok(())
}

pub(super) fn an_unordered_map_loses_and_doubles_nothing() -> Outcome {
    let pool = Pool::new(3)?;
    let mut seen = vec![false; 5_000];
    for (index, result) in pool.imap_unordered(square, 0..5_000)? {
        assert_eq!(result?, square(index as i64));
        assert!(!std::mem::replace(&mut seen[index], true), "{index} twice");
    }
    assert!(seen.into_iter().all(|seen| seen));
    Ok(())
}

pub(super) fn a_closure_without_captures() -> Outcome {
    let pool = Pool::new(2)?;
    let words = ["one".to_string(), "three".into()];
    let shouted = pool.map(|word: String| word.to_uppercase(), words.clone())?;
    assert_eq!(shouted, ["ONE", "THREE"]);
    // Several functions at once in one pool.
    let mut lengths = pool.imap(length, words)?;
    let mut squares = pool.imap(square, [5, 6])?;
    assert_eq!(
        (squares.next().unwrap()?, lengths.next().unwrap()?),
        (25, 3)
    );
    assert_eq!(
        (squares.next().unwrap()?, lengths.next().unwrap()?),
        (36, 5)
    );
    Ok(())
}

pub(super) fn the_first_failure_by_position_is_told() -> Outcome {
    let pool = Pool::new(3)?;
    let mut tasks = [Death::None; 30];
    tasks[20] = Death::Panic;
    tasks[7] = Death::Exit(3);
    tasks[29] = Death::Abort;
    let failed = pool.map(die, tasks).expect_err("three items fail");
    let Error::Item { index, source } = failed else {
        panic!("{failed:?}");
    };
    assert_eq!(index, 7);
    assert!(
        matches!(*source, Error::Exited { code: 3, .. }),
        "{source:?}"
    );
    Ok(())
}

pub(super) fn single_tasks() -> Outcome {
    let pool = Pool::new(2)?;
    assert_eq!(pool.apply(square, 12)?, 144);
    let tasks = (0..50)
        .map(|number| pool.apply_async(square, number))
        .collect::<Result<Vec<_>, Error>>()?;
    for (number, task) in tasks.into_iter().enumerate().rev() {
        assert_eq!(task.get()?, square(number as i64));
    }
    Ok(())
}
