//! Texts that whoever debugs wants to know the value of, in a frame.

use rhai::{AST, Dynamic, Engine, Scope};
use wherever::Error;

use crate::script::frames::Local;
use crate::script::{engine, raised, refused};

/// Operations of the interpreter that one evaluation may take: a second or so.
const OPERATIONS_MAX: u64 = 10_000_000;

/// An interpreter beside that of the script, with the script's functions: what it runs, nobody watches.
pub(crate) struct Evaluator {
    engine: Engine,
    functions: AST,
}

/// A text, compiled.
pub(crate) struct Compiled {
    ast: AST,
    is_expression: bool,
}

impl Evaluator {
    pub(crate) fn new(program: &AST) -> Self {
        let mut engine = engine();
        engine.set_max_operations(OPERATIONS_MAX);
        Self { engine, functions: program.clone_functions_only() }
    }

    pub(crate) fn compile(&self, text: &str) -> Result<Compiled, Error> {
        let (ast, is_expression) = match self.engine.compile_expression(text) {
            Ok(ast) => (ast, true),
            // Statements are not expressions, so it is their error that is told.
            Err(_) => (self.engine.compile(text).map_err(|error| raised(&error.into()))?, false),
        };
        Ok(Compiled { ast: self.functions.merge(&ast), is_expression })
    }

    /// As [`Self::compile`], for what has to have a value.
    pub(crate) fn compile_condition(&self, text: &str) -> Result<Compiled, Error> {
        let ast = self.engine.compile_expression(text).map_err(|error| raised(&error.into()))?;
        Ok(Compiled { ast: self.functions.merge(&ast), is_expression: true })
    }

    /// Runs it with these variables, and leaves in them what it has made of them.
    pub(crate) fn run(&self, compiled: &Compiled, locals: &mut [Local]) -> Result<Option<Dynamic>, Error> {
        let mut scope = Scope::new();
        for local in locals.iter_mut() {
            match (&mut local.value, local.is_constant) {
                (None, _) => {}
                (Some(value), true) => _ = scope.push_constant_dynamic(local.name.clone(), value.clone()),
                (Some(value), false) => _ = scope.push_dynamic(local.name.clone(), std::mem::take(value)),
            }
        }
        let count = scope.len();
        let ended = self.engine.eval_ast_with_scope::<Dynamic>(&mut scope, &compiled.ast);
        // What it declared might hide what was there.
        scope.rewind(count);
        for local in locals.iter_mut().filter(|local| !local.is_constant) {
            if let (Some(value), Some(new)) = (&mut local.value, scope.get_mut(&local.name)) {
                *value = std::mem::take(new);
            }
        }
        match ended {
            Ok(value) => Ok(compiled.is_expression.then_some(value)),
            Err(error) => Err(explained(&error, locals)),
        }
    }

    /// Whether a condition holds in the scope that the script itself has.
    pub(crate) fn holds(&self, condition: &Compiled, scope: &mut Scope<'_>) -> Result<bool, Error> {
        let count = scope.len();
        let ended = self.engine.eval_ast_with_scope::<Dynamic>(scope, &condition.ast);
        scope.rewind(count);
        let value = ended.map_err(|error| raised(&error))?;
        value.as_bool().map_err(|kind| refused(format!("it gives a value of type {kind}, not a bool")))
    }
}

/// An error of an evaluation, with what one has to know about the frame.
fn explained(error: &rhai::EvalAltResult, locals: &[Local]) -> Error {
    let too_large = |name: &str| locals.iter().any(|local| local.name == name && local.value.is_none());
    match error {
        rhai::EvalAltResult::ErrorVariableNotFound(name, _) if too_large(name) => {
            refused(format!("{name:?} was too large to be copied when its frame went on"))
        }
        rhai::EvalAltResult::ErrorTooManyOperations(_) => {
            refused(format!("the evaluation was ended after {OPERATIONS_MAX} operations"))
        }
        other => raised(other),
    }
}
