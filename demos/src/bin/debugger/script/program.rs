//! A script as it was compiled: where its lines and functions are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use rhai::{AST, ASTNode, Engine, Expr, Position, Stmt};
use wherever::Error;
use wherever_debug::Place;

use crate::Failure;
use crate::script::refused;

/// A function of the script.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// Its name, or that it has none.
    pub(crate) shown: String,
    pub(crate) parameters: Vec<String>,
    begins: Position,
    ends: Position,
}

impl Function {
    fn holds(&self, position: Position) -> bool {
        self.begins <= position && position <= self.ends
    }

    pub(crate) fn first_line(&self) -> u32 {
        line_of(self.begins)
    }

    pub(crate) fn signature(&self) -> String {
        format!("({})", self.parameters.join(", "))
    }
}

/// A script, compiled. Where a line begins is known by the address of its first statement's node, which stays where it is
/// as long as the program.
pub(crate) struct Program {
    file: String,
    source: String,
    ast: AST,
    /// By name and number of arguments.
    functions: HashMap<(String, usize), Function>,
    /// The nodes that lines begin with, by address.
    lines: HashMap<usize, u32>,
    is_silent: bool,
}

/// The line of a position; 0 if it is not known.
pub(crate) fn line_of(position: Position) -> u32 {
    position.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0)
}

/// What tells a node from all others. A statement that is no more than an expression is that.
fn address(node: ASTNode<'_>) -> usize {
    match node {
        ASTNode::Stmt(Stmt::Expr(inner)) => std::ptr::from_ref::<Expr>(inner).addr(),
        ASTNode::Stmt(statement) => std::ptr::from_ref(statement).addr(),
        ASTNode::Expr(expression) => std::ptr::from_ref(expression).addr(),
        _ => 0,
    }
}

/// Where a node begins, as one reads it.
pub(crate) fn begins(node: ASTNode<'_>) -> Position {
    match node {
        ASTNode::Stmt(Stmt::Expr(inner)) => inner.start_position(),
        ASTNode::Expr(expression) => expression.start_position(),
        ASTNode::Stmt(Stmt::Assignment(parts)) => parts.1.lhs.start_position(),
        other => other.position(),
    }
}

impl Program {
    pub(crate) fn compile(engine: &Engine, path: &Path) -> Result<Self, Failure> {
        let source = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file = path.canonicalize()?.display().to_string();
        let ast = engine.compile(&source)?;
        let functions: HashMap<_, _> = ast
            .shared_lib()
            .iter_script_fn_info()
            .map(|(.., defined)| {
                let named = !defined.name.starts_with("anon$");
                let shown = if named { defined.name.to_string() } else { "(closure)".to_owned() };
                let (begins, ends) = (defined.body.start_position(), defined.body.end_position());
                let parameters: Vec<String> = defined.params.iter().map(ToString::to_string).collect();
                ((defined.name.to_string(), parameters.len()), Function { shown, parameters, begins, ends })
            })
            .collect();
        let lines = first_nodes(&ast, &functions);
        let is_silent = has_silent_loop(&ast);
        Ok(Self { file, source, ast, functions, lines, is_silent })
    }

    pub(crate) fn ast(&self) -> &AST {
        &self.ast
    }

    /// Whether it might run on without ever looking a variable up.
    pub(crate) fn is_silent(&self) -> bool {
        self.is_silent
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    pub(crate) fn function(&self, name: &str, arguments: usize) -> Option<&Function> {
        self.functions.get(&(name.to_owned(), arguments))
    }

    pub(crate) fn functions_named(&self, name: &str) -> impl Iterator<Item = &Function> {
        self.functions.iter().filter(move |((its, _), _)| its == name).map(|(_, function)| function)
    }

    /// The line that begins with this node, if one does.
    pub(crate) fn line_at(&self, node: ASTNode<'_>) -> Option<u32> {
        self.lines.get(&address(node)).copied()
    }

    /// The text of a file of the program, of which there is one.
    pub(crate) fn source(&self, file: &str) -> Result<String, Error> {
        self.is_file(file)?;
        Ok(self.source.clone())
    }

    fn is_file(&self, file: &str) -> Result<(), Error> {
        let is_it = Path::new(&self.file).ends_with(file) && !file.is_empty();
        is_it
            .then_some(())
            .ok_or_else(|| refused(format!("{file:?} is no file of this program, which is {}", self.file)))
    }

    /// The first line from this one on that can be stopped at.
    pub(crate) fn stop_line(&self, file: &str, line: u32) -> Result<u32, Error> {
        self.is_file(file)?;
        let from = self.lines.values().filter(|there| **there >= line).min();
        from.copied()
            .ok_or_else(|| refused(format!("there is nothing to stop at in line {line} of {file} or after it")))
    }

    /// The first line of a function that can be stopped at.
    pub(crate) fn function_line(&self, name: &str) -> Result<u32, Error> {
        let mut of_name = self.functions_named(name).peekable();
        if of_name.peek().is_none() {
            return Err(refused(format!("there is no function {name:?} in {}", self.file)));
        }
        let inner = |function: &Function| {
            let within = |line: &&u32| (function.first_line()..=line_of(function.ends)).contains(*line);
            self.lines.values().filter(within).min().copied()
        };
        of_name.filter_map(inner).min().ok_or_else(|| refused(format!("there is nothing to stop at in {name:?}")))
    }

    /// A position in a function, or outside of all, as peers are told of it.
    pub(crate) fn place(&self, position: Position, function: Option<&Function>) -> Place {
        let line = line_of(position);
        Place {
            file: self.file.clone(),
            line,
            column: position.position().and_then(|column| u32::try_from(column).ok()).unwrap_or(0),
            function: function.map_or_else(|| "(script)".to_owned(), |function| function.shown.clone()),
            first_line: function.map_or(1, Function::first_line),
            text: (line as usize)
                .checked_sub(1)
                .and_then(|at| self.source.lines().nth(at))
                .unwrap_or_default()
                .to_owned(),
            signature: function.map_or_else(String::new, Function::signature),
            ..Place::default()
        }
    }
}

/// The node that each line of each function begins with.
fn first_nodes(ast: &AST, functions: &HashMap<(String, usize), Function>) -> HashMap<usize, u32> {
    let mut first: BTreeMap<(Position, u32), (Position, usize)> = BTreeMap::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        let Some(node @ ASTNode::Stmt(statement)) = path.last().copied() else { return true };
        if matches!(statement, Stmt::Noop(..) | Stmt::Block(..)) {
            return true;
        }
        let begins = begins(node);
        // The innermost function that it is in: a closure is written within another.
        let within = functions.values().filter(|function| function.holds(begins)).map(|function| function.begins).max();
        let key = (within.unwrap_or(Position::NONE), line_of(begins));
        let found = first.entry(key).or_insert((begins, address(node)));
        if begins < found.0 {
            *found = (begins, address(node));
        }
        true
    });
    first.into_iter().map(|((_, line), (_, address))| (address, line)).collect()
}

/// Whether there is a loop that looks no variable up as it goes round.
fn has_silent_loop(ast: &AST) -> bool {
    let (mut all, mut heard) = (HashSet::new(), HashSet::new());
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        let is_variable = matches!(path.last(), Some(ASTNode::Expr(Expr::Variable(..))));
        for (at, node) in path.iter().enumerate() {
            let ASTNode::Stmt(statement) = node else { continue };
            match statement {
                Stmt::While(..) | Stmt::Do(..) => {}
                // What it goes through is looked up once.
                Stmt::For(..) if !matches!(path.get(at + 1), Some(ASTNode::Expr(_))) => {}
                _ => continue,
            }
            all.insert(address(*node));
            if is_variable {
                heard.insert(address(*node));
            }
        }
        true
    });
    all.len() > heard.len()
}
