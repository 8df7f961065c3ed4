//! Classes of the toy language: own ones, and fakes of those that live elsewhere.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::{Done, Toy, ToyValue};
use wherever::shape::{Category, Member, MemberKind, Shape};
use wherever::{Operation, Proxy, Runtime};

/// Names that mean something to this runtime by themselves. A fake has none of them, whatever its peer says.
pub const HOOKS: [&str; 6] = ["__init__", "__del__", "__call__", "__class__", "__reduce_ex__", "__array__"];

/// A class. A clone is the same one.
#[derive(Clone)]
pub struct Class(Arc<ClassBody>);

pub(super) struct ClassBody {
    name: Arc<str>,
    bases: Vec<Class>,
    members: Mutex<Vec<(Arc<str>, ToyValue)>>,
    /// Attributes that instances may have, if they may not have any.
    slots: Option<Vec<Arc<str>>>,
    is_abstract: bool,
    is_final: bool,
    shape: Mutex<Arc<Shape>>,
    /// The shape of the class itself as an object.
    own_shape: Mutex<Arc<Shape>>,
    /// For a fake: the class over there, once that has come.
    far: Mutex<Option<Proxy>>,
    is_fake: bool,
}

/// What a class has under a name, and which of its line has it.
pub(super) struct Find {
    pub(super) value: ToyValue,
    class: Class,
}

impl Find {
    /// A method as it is called on this instance; any other value as it is.
    pub(super) fn bound_to(self, instance: &ToyValue, name: &str) -> ToyValue {
        let (instance, name) = (instance.clone(), name.to_owned());
        match self.value {
            // Inherited from a class over there: it runs there, with the instance as its own self.
            _ if self.class.is_fake() => ToyValue::function(move |toy, arguments| {
                let all = [vec![instance.clone()], arguments].concat();
                toy.call_method(&ToyValue::Class(self.class.clone()), &name, all)
            }),
            ToyValue::Function(code) => {
                ToyValue::function(move |toy, arguments| code(toy, [vec![instance.clone()], arguments].concat()))
            }
            value => value,
        }
    }
}

impl From<Arc<ClassBody>> for Class {
    fn from(body: Arc<ClassBody>) -> Self {
        Self(body)
    }
}

impl Class {
    /// A class that stands for a type of a peer.
    pub(super) fn fake(shape: &Arc<Shape>, bases: Vec<Class>) -> Self {
        Self(Arc::new(Self::fake_body(shape, bases)))
    }

    fn fake_body(shape: &Arc<Shape>, bases: Vec<Class>) -> ClassBody {
        let own_shape = Arc::new(Shape::new("toy:type", Category::Class));
        ClassBody {
            name: shape.name().clone(),
            bases,
            members: Mutex::default(),
            slots: None,
            is_abstract: false,
            is_final: false,
            shape: Mutex::new(shape.clone()),
            own_shape: Mutex::new(own_shape),
            far: Mutex::default(),
            is_fake: true,
        }
    }

    /// A class that every runtime has, for exceptions.
    pub(super) fn builtin(name: &str, base: Option<&Class>) -> Self {
        Self::nameless(&format!("toy:{name}"), base.cloned())
    }

    /// A class of which no more than its name and a base is known.
    pub(super) fn nameless(name: &str, base: impl Into<Option<Class>>) -> Self {
        let base = base.into();
        let shape = Shape::new(name, Category::Instance).open();
        let shape = base.iter().map(Class::shape).fold(shape, Shape::base);
        Self(Arc::new(ClassBody { is_fake: false, ..Class::fake_body(&Arc::new(shape), base.into_iter().collect()) }))
    }

    /// Gives a fake the members that a later description of its type has.
    pub(super) fn describe_again(&self, shape: &Arc<Shape>) {
        if shape.revision() < self.0.shape.lock().revision() {
            return;
        }
        let members = shape.members().iter().filter(|member| !HOOKS.contains(&&*member.name));
        let members = members.map(|member| (member.name.clone(), ToyValue::from(())));
        *self.0.members.lock() = members.collect();
        *self.0.shape.lock() = shape.clone();
    }

    pub(super) fn living_at(self, far: Proxy) -> Self {
        let _before = self.0.far.lock().replace(far);
        self
    }

    pub(super) fn far(&self) -> Option<Proxy> {
        self.0.far.lock().clone()
    }

    pub(super) fn downgrade(&self) -> Weak<ClassBody> {
        Arc::downgrade(&self.0)
    }

    pub(super) fn is_fake(&self) -> bool {
        self.0.is_fake
    }

    pub(super) fn is_final(&self) -> bool {
        self.0.is_final
    }

    pub(super) fn key(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// Its name, with its runtime's in front.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether both are the very same class.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether it is this class, or has it in its line of bases.
    pub fn derives_from(&self, base: &Self) -> bool {
        self.line().iter().any(|class| class.is(base))
    }

    /// The class and all its bases, each once, after all that derive from it.
    pub fn line(&self) -> Vec<Class> {
        let mut line = vec![self.clone()];
        for class in self.0.bases.iter().flat_map(Class::line) {
            line.retain(|known| !known.is(&class));
            line.push(class);
        }
        line
    }

    /// Whether it, or a base, has a member of this name.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(super) fn find(&self, name: &str) -> Option<Find> {
        self.line().into_iter().find_map(|class| {
            let value = class.0.members.lock().iter().find(|(own, _)| &**own == name).map(|(_, value)| value.clone());
            value.map(|value| Find { value, class })
        })
    }

    /// Whether instances may have an attribute of this name.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.0.slots.as_ref().is_none_or(|slots| slots.iter().any(|slot| &**slot == name))
    }

    pub(super) fn instantiate(&self, toy: &Toy, arguments: Vec<ToyValue>) -> Done {
        if self.0.is_abstract {
            return Err(toy.raise("TypeError", &format!("{} is abstract", self.0.name)));
        }
        let made = toy.object(self.clone(), None, None);
        match self.find("__init__") {
            Some(found) => toy.call(&found.bound_to(&made, "__init__"), arguments).map(|_| made),
            None if self.takes("args") => toy.set(&made, "args", ToyValue::Tuple(arguments)).map(|_| made),
            None => Ok(made),
        }
    }

    /// Adds a method, exposed, to the class as it is: its shape has changed, and those of all that derive from it.
    pub fn add(&self, name: &str, code: impl Fn(&Toy, Vec<ToyValue>) -> Done + Send + Sync + 'static) {
        self.0.members.lock().push((name.into(), ToyValue::function(code)));
        let mut shape = self.0.shape.lock();
        *shape = Arc::new(shape.revised().member(Member::method(name)));
    }

    /// The shape of its instances, which changes with its bases.
    pub(super) fn shape(&self) -> Arc<Shape> {
        let bases: Vec<_> = self.0.bases.iter().map(Class::shape).collect();
        let mut shape = self.0.shape.lock();
        let same =
            shape.bases().len() == bases.len() && shape.bases().iter().zip(&bases).all(|(a, b)| Arc::ptr_eq(a, b));
        if !same && !self.0.is_fake {
            *shape = Arc::new(bases.into_iter().fold(shape.revised().without_bases(), Shape::base));
        }
        shape.clone()
    }

    /// The shape of the class as an object.
    pub(super) fn own_shape(&self) -> Arc<Shape> {
        self.0.own_shape.lock().clone()
    }
}

/// A class being described.
pub struct ClassBuilder {
    toy: Toy,
    body: ClassBody,
    shape: Shape,
    own_shape: Shape,
}

impl ClassBuilder {
    pub(super) fn new(toy: Toy, name: &str) -> Self {
        let shape = Shape::new(format!("toy:{name}"), Category::Instance);
        let operations = [Operation::Text, Operation::Dir, Operation::Call];
        let own_shape = Shape::new("toy:type", Category::Class).operations(&operations);
        let body = ClassBody {
            name: shape.name().clone(),
            bases: Vec::new(),
            members: Mutex::default(),
            slots: None,
            is_abstract: false,
            is_final: false,
            shape: Mutex::new(Arc::new(shape.clone())),
            own_shape: Mutex::new(Arc::new(own_shape.clone())),
            far: Mutex::default(),
            is_fake: false,
        };
        Self { toy, body, shape, own_shape }
    }

    /// With one more base.
    pub fn base(mut self, base: &Class) -> Self {
        self.body.bases.push(base.clone());
        self
    }

    /// With a method that peers may call.
    pub fn exposed(mut self, name: &str, code: impl Fn(&Toy, Vec<ToyValue>) -> Done + Send + Sync + 'static) -> Self {
        let member = Member::method(name);
        self.own_shape = self.own_shape.member(member.clone().of_kind(MemberKind::ClassMethod));
        self.shape = self.shape.member(member);
        self.body.members.get_mut().push((name.into(), ToyValue::function(code)));
        self
    }

    /// With a method that peers may not call.
    pub fn method(mut self, name: &str, code: impl Fn(&Toy, Vec<ToyValue>) -> Done + Send + Sync + 'static) -> Self {
        self.shape = self.shape.member(Member::method(name).hidden());
        self.body.members.get_mut().push((name.into(), ToyValue::function(code)));
        self
    }

    /// With these attributes, exposed and writable, and no others.
    pub fn slots(mut self, names: &[&str]) -> Self {
        self.body.slots = Some(names.iter().map(|name| Arc::from(*name)).collect());
        let slots = names.iter().map(|name| Member::attribute(*name).writable());
        self.shape = slots.fold(self.shape, Shape::member);
        self
    }

    /// Without instances of its own.
    pub fn is_abstract(mut self) -> Self {
        self.body.is_abstract = true;
        self
    }

    /// Not to be derived from.
    pub fn is_final(mut self) -> Self {
        self.body.is_final = true;
        self
    }

    /// The class, if all its bases can be derived from. One that lives elsewhere is asked.
    pub fn define(self) -> Result<Class, ToyValue> {
        let Self { toy, mut body, shape, own_shape } = self;
        for base in &body.bases {
            let refused = match base.far() {
                Some(far) => far.call("__init_subclass__", (&*body.name,)).map_err(|error| toy.incoming_error(error)),
                None if base.is_final() => Err(toy.raise("TypeError", &format!("{} is final", base.name()))),
                None => Ok(().into()),
            };
            refused.map_err(|why| toy.raise("TypeError", &format!("no base: {}", toy.text(&why))))?;
        }
        let own_shape = match body.is_final {
            true => own_shape,
            false => own_shape.member(Member::method("__init_subclass__")),
        };
        let shape = if body.slots.is_some() { shape } else { shape.open() };
        body.shape = Mutex::new(Arc::new(body.bases.iter().map(Class::shape).fold(shape, Shape::base)));
        body.own_shape = Mutex::new(Arc::new(own_shape));
        Ok(toy.note(Class(Arc::new(body))))
    }
}
