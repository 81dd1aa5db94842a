//! What services share with those that depend on them.

use std::any::{Any, TypeId};
use std::sync::Arc;

use crate::service::error::ServiceError;
use crate::service::node::Node;
use crate::service::roster::Roster;
use crate::service::state::ServiceState;
use crate::service::unit::Unit;

impl Roster {
    /// What a service of this type shares, for `by`, the run that asks, if it is one.
    pub(crate) fn instance(
        &self,
        id: TypeId,
        of: &'static str,
        name: Option<&str>,
        by: Option<&Unit>,
    ) -> Result<Arc<dyn Any + Send + Sync>, ServiceError> {
        let has = |node: &&Node| {
            let is = node.instance.as_ref().is_some_and(|instance| instance.id == id);
            is && name.is_none_or(|name| *name == **node.name())
        };
        let there: Vec<&Node> = self.nodes.iter().filter(has).collect();
        let node = match there[..] {
            [] => return Err(ServiceError::NoInstance { of }),
            [node] => node,
            _ => {
                let names = there.iter().map(|node| Arc::clone(node.name())).collect();
                return Err(ServiceError::Ambiguous { of, names });
            }
        };
        if let Some(unit) = by {
            let place = self.places[node.name()];
            if place != unit.service && !self.with_dependencies(&[unit.service]).contains(&place) {
                return Err(ServiceError::NotDeclared {
                    service: Arc::clone(self.nodes[unit.service].name()),
                    dependency: Arc::clone(node.name()),
                });
            }
        }
        let skipped = node.state == ServiceState::Skipped;
        // While it stops those that depend on it have it still; and so has what runs itself.
        let own = by.is_some_and(|unit| self.places[node.name()] == unit.service);
        let there = own || node.serves() || node.state == ServiceState::Stopping;
        match &node.instance {
            Some(instance) if there && !skipped => Ok(Arc::clone(&instance.value)),
            _ => {
                Err(ServiceError::NotReady { service: Arc::clone(node.name()), state: node.state })
            }
        }
    }
}
