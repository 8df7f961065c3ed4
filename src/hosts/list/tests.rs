//! Tests of lists.

use super::*;
use crate::hosts::testing::{ask, binary, call, error_name, items, own};
use crate::value::Items;

fn ints(numbers: &[i64]) -> List {
    numbers.iter().map(|number| Value::Int(*number)).collect()
}

fn of(list: &List) -> Vec<i64> {
    let number = |value: &Value| match value {
        Value::Int(number) => *number,
        other => panic!("{other:?}"),
    };
    list.snapshot().iter().map(number).collect()
}

#[test]
fn clones_are_one_object() {
    let list = ints(&[1]);
    list.clone().push(Value::Int(2));
    assert_eq!(list.len(), 2);
    assert!(list.to_own().same(&list.clone().to_own()));
    assert!(!list.to_own().same(&ints(&[1, 2]).to_own()));
    assert!(Arc::ptr_eq(&list.shape(), &List::new().shape()));
    assert_eq!(List::from_own(&list.to_own()).map(|list| list.len()), Some(2));
}

#[test]
fn the_rust_side_reads_and_writes() {
    let list = List::new();
    list.extend([Value::Int(1), Value::Int(3)]);
    list.insert(1, Value::Int(2));
    list.insert(99, Value::Int(4));
    assert_eq!(of(&list), [1, 2, 3, 4]);
    assert_eq!(list.set(0, Value::Int(9)), Ok(Value::Int(1)));
    assert_eq!(list.set(4, Value::None), Err(Value::None));
    assert_eq!((list.remove(0), list.remove(9)), (Some(Value::Int(9)), None));
    assert_eq!((list.pop(), list.get(0), list.get(5)), (Some(Value::Int(4)), Some(Value::Int(2)), None));
    list.clear();
    assert!(list.is_empty());
}

#[test]
fn a_snapshot_does_not_change() {
    let list = ints(&[1, 2]);
    let (snapshot, contents) = (list.snapshot(), list.whole().unwrap());
    list.push(Value::Int(3));
    assert_eq!((snapshot.len(), items(&contents).len(), list.len()), (2, 2, 3));
}

#[test]
fn items_are_read_and_written_from_either_end() {
    let list = ints(&[1, 2, 3]);
    let index = |at: i64| ask(&list, Operation::Index, vec![Value::Int(at)]);
    assert_eq!(index(-1).unwrap(), Value::Int(3));
    assert_eq!(error_name(index(3)), "wherever:index_error");
    ask(&list, Operation::SetIndex, vec![Value::Int(-3), Value::Int(9)]).unwrap();
    ask(&list, Operation::DeleteIndex, vec![Value::Int(1)]).unwrap();
    assert_eq!(of(&list), [9, 3]);
    let error = ask(&list, Operation::DeleteIndex, vec![Value::Int(2)]).unwrap_err();
    assert!(error.to_string().contains("index 2 is out of range; the length is 2"));
    assert_eq!(ask(&list, Operation::Length, vec![]).unwrap(), Value::Int(2));
    assert_eq!(ask(&list, Operation::Contains, vec![Value::Int(3)]).unwrap(), Value::Bool(true));
    assert_eq!(ask(&list, Operation::Truth, vec![]).unwrap(), Value::Bool(true));
}

#[test]
fn methods_do_what_their_names_say() {
    let list = ints(&[3]);
    call(&list, "append", vec![Value::Int(1)]).unwrap();
    call(&list, "extend", vec![Value::tuple([Value::Int(2), Value::Int(1)])]).unwrap();
    call(&list, "extend", vec![ints(&[7]).into()]).unwrap();
    call(&list, "insert", vec![Value::Int(-1), Value::Int(0)]).unwrap();
    assert_eq!(of(&list), [3, 1, 2, 1, 0, 7]);
    assert_eq!(call(&list, "count", vec![Value::Int(1)]).unwrap(), Value::Int(2));
    assert_eq!(call(&list, "index", vec![Value::Int(2)]).unwrap(), Value::Int(2));
    assert_eq!(call(&list, "pop", vec![]).unwrap(), Value::Int(7));
    assert_eq!(call(&list, "pop", vec![Value::Int(0)]).unwrap(), Value::Int(3));
    call(&list, "remove", vec![Value::Int(1)]).unwrap();
    call(&list, "reverse", vec![]).unwrap();
    assert_eq!(of(&list), [0, 1, 2]);
    assert_eq!(error_name(call(&list, "remove", vec![Value::Int(5)])), "wherever:value_error");
    call(&list, "clear", vec![]).unwrap();
    assert_eq!(error_name(call(&list, "pop", vec![])), "wherever:index_error");
    assert!(matches!(call(&list, "sort", vec![]), Err(Error::NoMember { .. })));
}

#[test]
fn a_list_can_be_added_to_itself() {
    let list = ints(&[1, 2]);
    call(&list, "extend", vec![list.clone().into()]).unwrap();
    let back = own(binary(&list, "iadd", list.clone().into()).unwrap());
    assert!(back.same(&list.to_own()));
    assert_eq!(list.len(), 8);
}

#[test]
fn operands_that_are_kept_become_lists() {
    let list = ints(&[1]);
    let operand = Value::List(Items::new([Value::List(Items::new([Value::Int(2)]))]));
    let sum = List::from_own(&own(binary(&list, "add", operand.clone()).unwrap())).unwrap();
    let sum_reflected = List::from_own(&own(binary(&list, "radd", operand).unwrap())).unwrap();
    assert_eq!((sum.get(0), list.len()), (Some(Value::Int(1)), 1));
    assert_eq!(sum_reflected.get(1), Some(Value::Int(1)));
    assert!(List::from_own(&own(sum.get(1).unwrap())).is_some());
    assert!(matches!(binary(&list, "add", Value::Int(1)), Err(Error::NotSupported { .. })));
    assert!(matches!(binary(&list, "mul", Value::Int(1)), Err(Error::NotSupported { .. })));
}

#[test]
fn a_peer_cannot_double_it_for_ever() {
    let list = List::from(vec![Value::None; LEN_MAX / 2]);
    assert!(call(&list, "extend", vec![list.clone().into()]).is_ok());
    assert!(matches!(call(&list, "append", vec![Value::None]), Err(Error::Overloaded(_))));
    assert!(matches!(binary(&list, "add", list.clone().into()), Err(Error::Overloaded(_))));
    assert_eq!(list.len(), LEN_MAX);
}

#[test]
fn texts_show_what_is_inside_up_to_a_length() {
    let list = List::from(vec![ints(&[1]).into(), Value::text("a")]);
    assert_eq!(ask(&list, Operation::Text, vec![]).unwrap(), Value::text(r#"[[1], "a"]"#));
    let lattice = (0..40).fold(List::new(), |inner, _| List::from(vec![inner.clone().into(), inner.into()]));
    let Value::Text(text) = ask(&lattice, Operation::Text, vec![]).unwrap() else {
        panic!("no text");
    };
    assert!(text.len() < 70_000 && text.ends_with("..."));
}

#[test]
fn its_values_are_dropped_without_its_lock() {
    struct Nosy(List);
    impl Drop for Nosy {
        fn drop(&mut self) {
            self.0.push(Value::None);
        }
    }
    let list = List::new();
    let nosy = || {
        let nosy = Nosy(list.clone());
        let function = crate::hosts::Function::new("nosy", move |_, _| {
            let _held = &nosy;
            Ok(Value::None)
        });
        Value::from(function)
    };
    list.push(nosy());
    ask(&list, Operation::SetIndex, vec![Value::Int(0), nosy()]).unwrap();
    ask(&list, Operation::SetIndex, vec![Value::Int(9), nosy()]).unwrap_err();
    ask(&list, Operation::DeleteIndex, vec![Value::Int(0)]).unwrap();
    call(&list, "insert", vec![Value::Int(0), nosy()]).unwrap();
    let same = list.get(0).unwrap();
    call(&list, "remove", vec![same]).unwrap();
    list.push(nosy());
    list.clear();
    assert_eq!(list.len(), 1, "what was pushed by the drop in `clear`");
}
