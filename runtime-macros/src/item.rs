//! The annotated item, as far as we look at it. Bodies stay token streams that nobody reads.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Generics, Ident, ImplItem, Item, ItemImpl, Meta, Path, Result, Signature, Token,
    Type, Visibility, parse_quote, token,
};

/// The item under `#[service]`.
pub(crate) struct Service {
    /// The attributes that hold for generated code too: `cfg` and `allow`.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) kind: Kind,
}

/// What kind of item it is.
pub(crate) enum Kind {
    Impl(Block),
    Function(Signature),
    Other(Other),
}

/// An `impl` block.
pub(crate) struct Block {
    pub(crate) at: Span,
    pub(crate) generics: Generics,
    pub(crate) of_trait: Option<Path>,
    pub(crate) ty: Box<Type>,
    /// The methods called `run`; more than one if they stand under `cfg`.
    pub(crate) runs: Vec<Signature>,
}

/// An item that cannot be a service.
pub(crate) struct Other {
    pub(crate) at: Span,
    pub(crate) what: &'static str,
    /// The type it defines, if any: the `impl` block would be the right place.
    pub(crate) ty: Option<Ident>,
}

impl Parse for Service {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = shared(input.call(Attribute::parse_outer)?);
        let function = function(input);
        let rest: TokenStream = input.parse()?;
        let kind = match function {
            Some(function) => function,
            None => Kind::of(syn::parse2(hollow(rest))?),
        };
        Ok(Self { attrs, kind })
    }
}

impl Kind {
    fn of(item: Item) -> Self {
        let at = item.span();
        let (what, ty) = match item {
            Item::Impl(item) => return Self::Impl(item.into()),
            Item::Struct(item) => ("a struct", Some(item.ident)),
            Item::Enum(item) => ("an enum", Some(item.ident)),
            Item::Union(item) => ("a union", Some(item.ident)),
            Item::Trait(_) | Item::TraitAlias(_) => ("a trait", None),
            Item::Mod(_) => ("a module", None),
            Item::Const(_) => ("a constant", None),
            Item::Static(_) => ("a static", None),
            Item::Type(_) => ("a type alias", None),
            Item::Use(_) | Item::ExternCrate(_) => ("an import", None),
            Item::ForeignMod(_) => ("an `extern` block", None),
            Item::Macro(_) => ("a macro", None),
            _ => ("this item", None),
        };
        Self::Other(Other { at, what, ty })
    }
}

impl From<ItemImpl> for Block {
    fn from(item: ItemImpl) -> Self {
        let runs = item.items.into_iter().filter_map(|item| match item {
            ImplItem::Fn(item) if item.sig.ident == "run" => Some(item.sig),
            _ => None,
        });
        Self {
            at: item.impl_token.span,
            runs: runs.collect(),
            generics: item.generics,
            of_trait: item.trait_.map(|(path, _)| path),
            ty: item.self_ty,
        }
    }
}

/// Looks whether a function comes next.
fn function(input: ParseStream<'_>) -> Option<Kind> {
    let ahead = input.fork();
    ahead.parse::<Visibility>().ok()?;
    let signature: Signature = ahead.parse().ok()?;
    if ahead.peek(token::Brace) {
        return Some(Kind::Function(signature));
    }
    let at = signature.ident.span();
    Some(Kind::Other(Other { at, what: "a function without a body", ty: None }))
}

/// Empties the braces within the item's own braces: the bodies of methods and the like.
fn hollow(item: TokenStream) -> TokenStream {
    let mut trees: Vec<TokenTree> = item.into_iter().collect();
    if let Some(TokenTree::Group(body)) = trees.last_mut() {
        let members = body.stream().into_iter().map(|tree| match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                with_stream(&group, TokenStream::new()).into()
            }
            tree => tree,
        });
        *body = with_stream(body, members.collect());
    }
    trees.into_iter().collect()
}

fn with_stream(group: &Group, stream: TokenStream) -> Group {
    let mut new = Group::new(group.delimiter(), stream);
    new.set_span(group.span());
    new
}

/// Of the item's attributes those that generated code must repeat.
fn shared(attrs: Vec<Attribute>) -> Vec<Attribute> {
    let shared = attrs.into_iter().filter_map(|attr| shared_meta(attr.meta));
    shared.map(|meta| parse_quote!(#[#meta])).collect()
}

fn shared_meta(meta: Meta) -> Option<Meta> {
    let Meta::List(list) = &meta else { return None };
    let tokens = &list.tokens;
    if list.path.is_ident("cfg") || list.path.is_ident("allow") {
        Some(meta)
    } else if list.path.is_ident("expect") {
        // Generated code must not trip over the lint, but need not fulfil the expectation.
        Some(parse_quote!(allow(#tokens)))
    } else if list.path.is_ident("cfg_attr") {
        let metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
        let mut metas = metas.into_iter();
        let condition = metas.next()?;
        let shared: Vec<Meta> = metas.filter_map(shared_meta).collect();
        (!shared.is_empty()).then(|| parse_quote!(cfg_attr(#condition, #(#shared),*)))
    } else {
        None
    }
}

/// The type without the invisible groups that `macro_rules!` puts around it, and parentheses.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        ty => ty,
    }
}

/// The name at the end of the path, if the type is one.
pub(crate) fn last_ident(ty: &Type) -> Option<&Ident> {
    match bare(ty) {
        Type::Path(ty) => ty.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}

pub(crate) fn is_path_to(ty: &Type, name: &str) -> bool {
    last_ident(ty).is_some_and(|ident| ident == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn what(item: &str) -> String {
        match syn::parse_str::<Service>(item).expect(item).kind {
            Kind::Impl(block) => format!("impl with {} run", block.runs.len()),
            Kind::Function(signature) => format!("fn {}", signature.ident),
            Kind::Other(other) => other.what.to_owned(),
        }
    }

    #[test]
    fn items_are_told_apart() {
        for (item, expected) in [
            ("pub(crate) async fn api(cx: Context) -> Result<()> {}", "fn api"),
            ("unsafe extern \"C\" fn api() -> impl Sized {}", "fn api"),
            ("impl<T> A<T> { fn run(&self) {} fn other() {} }", "impl with 1 run"),
            ("impl A { const X: [u8; { 2 }] = [0; 2]; mac! { x } }", "impl with 0 run"),
            ("impl A { #[cfg(a)] fn run() {} #[cfg(b)] fn run() {} }", "impl with 2 run"),
            ("pub struct A { x: u8 }", "a struct"),
            ("struct A(u8);", "a struct"),
            ("enum A { B { x: u8 } }", "an enum"),
            ("trait A { fn x() {} }", "a trait"),
            ("mod a { fn x() {} }", "a module"),
            ("const A: fn() = b;", "a constant"),
            ("static A: B = B {};", "a static"),
            ("use a::b;", "an import"),
            ("mac! { x }", "a macro"),
            ("fn bodyless(&self);", "a function without a body"),
        ] {
            assert_eq!(what(item), expected, "{item}");
        }
    }

    #[test]
    fn bodies_may_hold_syntax_that_nobody_knows() {
        assert_eq!(what("fn api() { let % = nonsense! }"), "fn api");
        assert_eq!(what("impl A { fn run() { let % = nonsense! } }"), "impl with 1 run");
    }

    #[test]
    fn generated_code_shares_cfg_and_allow_and_nothing_else() {
        let item = quote! {
            /// Docs.
            #[cfg(unix)]
            #[inline]
            #[allow(dead_code)]
            #[deny(missing_docs)]
            #[expect(clippy::all, reason = "old")]
            #[cfg_attr(test, must_use, allow(unused))]
            #[cfg_attr(test, inline)]
            fn api() {}
        };
        let attrs = syn::parse2::<Service>(item).expect("an item").attrs;
        let expected = quote! {
            #[cfg(unix)]
            #[allow(dead_code)]
            #[allow(clippy::all, reason = "old")]
            #[cfg_attr(test, allow(unused))]
        };
        assert_eq!(quote!(#(#attrs)*).to_string(), expected.to_string());
    }
}
