//! The slots, field by field: the same for the request model and for the types of `cpex-core`, which
//! have the same names and fields.

/// Implements `View` for the extensions and all slots but the raw credentials.
///
/// Where it is called, the types are in scope, and so are functions that make an item of a structure:
/// `record`; `in_order`, of one with sets; and `seen`, of what a plugin sees of one.
macro_rules! slot_views {
    () => {
        impl View for Extensions {
            fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
                match field.info().slot {
                    Slot::Request => self.request.as_ref()?.item(field, index, visible),
                    Slot::Meta => self.meta.as_ref()?.item(field, index, visible),
                    Slot::Agent => self.agent.as_ref()?.item(field, index, visible),
                    Slot::Http => self.http.as_ref()?.item(field, index, visible),
                    Slot::Security => self.security.as_ref()?.item(field, index, visible),
                    Slot::CandidateConstraint => {
                        self.candidate_constraint.as_ref()?.item(field, index, visible)
                    }
                    Slot::Delegation => self.delegation.as_ref()?.item(field, index, visible),
                    Slot::RawCredentials => {
                        self.raw_credentials.as_ref()?.item(field, index, visible)
                    }
                    Slot::Mcp => self.mcp.as_ref()?.item(field, index, visible),
                    Slot::Completion => self.completion.as_ref()?.item(field, index, visible),
                    Slot::Provenance => self.provenance.as_ref()?.item(field, index, visible),
                    Slot::Llm => self.llm.as_ref()?.item(field, index, visible),
                    Slot::Framework => self.framework.as_ref()?.item(field, index, visible),
                    Slot::Custom => Some(Item::JsonMap(self.custom.as_ref()?.entries())),
                    _ => None,
                }
            }

            fn count(&self, field: Field) -> usize {
                match field.info().slot {
                    Slot::Delegation => {
                        self.delegation.as_ref().map_or(0, |slot| slot.count(field))
                    }
                    Slot::RawCredentials => {
                        self.raw_credentials.as_ref().map_or(0, |slot| slot.count(field))
                    }
                    _ => 0,
                }
            }

            fn breadth(&self, field: Field) -> usize {
                match field.info().slot {
                    Slot::Http => self.http.as_ref().map_or(0, |slot| slot.breadth(field)),
                    Slot::Security => self.security.as_ref().map_or(0, |slot| slot.breadth(field)),
                    Slot::RawCredentials => {
                        self.raw_credentials.as_ref().map_or(0, |slot| slot.breadth(field))
                    }
                    _ => 0,
                }
            }
        }

        impl View for CandidateConstraintExtension {
            fn item(&self, _: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
                Some(record(self))
            }
        }

        impl View for SecurityExtension {
            fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
                Some(match field {
                    Field::Security => Item::Record(seen(self, visible)?),
                    Field::SecurityLabels => Item::TextSet(&self.labels),
                    Field::SecurityClassification => Item::text(self.classification.as_ref()?),
                    Field::Subject => Item::Record(seen(self.subject.as_ref()?, visible)?),
                    Field::SecurityAuthMethod => Item::text(self.auth_method.as_ref()?),
                    Field::SecurityClient => record(self.client.as_ref()?),
                    Field::ClientId | Field::ClientTrustLevel => {
                        return self.client.as_ref()?.item(field, index, visible);
                    }
                    Field::SecurityCallerWorkload => record(self.caller_workload.as_ref()?),
                    Field::CallerWorkloadSpiffeId => spiffe_id(self.caller_workload.as_ref())?,
                    Field::SecurityThisWorkload => record(self.this_workload.as_ref()?),
                    Field::ThisWorkloadSpiffeId => spiffe_id(self.this_workload.as_ref())?,
                    Field::SecurityObjects => record(&self.objects),
                    Field::SecurityData => record(&self.data),
                    _ => return self.subject.as_ref()?.item(field, index, visible),
                })
            }

            fn breadth(&self, field: Field) -> usize {
                match field {
                    Field::SecurityLabels => self.labels.len(),
                    // What a plugin sees of these is copied for it.
                    Field::Security | Field::Subject => {
                        let subject = self.subject.as_ref().map_or(0, |subject| {
                            [subject.roles.len(), subject.permissions.len(), subject.teams.len()]
                                .into_iter()
                                .fold(subject.claims.len(), usize::saturating_add)
                        });
                        let known = self.objects.len().saturating_add(self.data.len());
                        let copied =
                            subject.saturating_add(self.labels.len()).saturating_add(known);
                        copied.saturating_mul(crate::view::COPIED)
                    }
                    _ => 0,
                }
            }
        }

        fn spiffe_id(workload: Option<&WorkloadIdentity>) -> Option<Item<'_>> {
            Some(Item::text(workload?.spiffe_id.as_ref()?))
        }

        impl View for ClientExtension {
            fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
                Some(match field {
                    Field::ClientId => Item::text(&self.client_id),
                    Field::ClientTrustLevel => Item::name(&self.trust_level),
                    _ => return None,
                })
            }
        }

        impl View for SubjectExtension {
            fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
                Some(match field {
                    Field::SubjectId => Item::text(self.id.as_ref()?),
                    Field::SubjectType => Item::name(self.subject_type.as_ref()?),
                    Field::SubjectRoles => Item::TextSet(&self.roles),
                    Field::SubjectPermissions => Item::TextSet(&self.permissions),
                    Field::SubjectTeams => Item::TextSet(&self.teams),
                    Field::SubjectClaims => Item::TextMap(&self.claims),
                    _ => return None,
                })
            }
        }

        impl View for HttpExtension {
            fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
                Some(match field {
                    Field::Http => record(self),
                    Field::HttpRequestHeaders => Item::TextMap(&self.request_headers),
                    Field::HttpResponseHeaders => Item::TextMap(&self.response_headers),
                    Field::HttpMethod => Item::text(self.method.as_ref()?),
                    Field::HttpPath => Item::text(self.path.as_ref()?),
                    Field::HttpHost => Item::text(self.host.as_ref()?),
                    Field::HttpScheme => Item::text(self.scheme.as_ref()?),
                    _ => return None,
                })
            }

            fn breadth(&self, field: Field) -> usize {
                match field {
                    Field::HttpRequestHeaders => self.request_headers.len(),
                    Field::HttpResponseHeaders => self.response_headers.len(),
                    _ => 0,
                }
            }
        }

        impl View for RequestExtension {
            fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
                Some(match field {
                    Field::Request => record(self),
                    Field::RequestEnvironment => Item::text(self.environment.as_ref()?),
                    Field::RequestId => Item::text(self.request_id.as_ref()?),
                    Field::RequestTimestamp => Item::text(self.timestamp.as_ref()?),
                    Field::RequestTraceId => Item::text(self.trace_id.as_ref()?),
                    Field::RequestSpanId => Item::text(self.span_id.as_ref()?),
                    _ => return None,
                })
            }
        }

        impl View for MetaExtension {
            fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
                Some(match field {
                    Field::Meta => in_order(self),
                    Field::MetaEntityType => Item::text(self.entity_type.as_ref()?),
                    Field::MetaEntityName => Item::text(self.entity_name.as_ref()?),
                    Field::MetaTags => Item::TextSet(&self.tags),
                    Field::MetaScope => Item::text(self.scope.as_ref()?),
                    Field::MetaProperties => Item::TextMap(&self.properties),
                    _ => return None,
                })
            }
        }

        impl View for AgentExtension {
            fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
                Some(match field {
                    Field::Agent => record(self),
                    Field::AgentInput => Item::text(self.input.as_ref()?),
                    Field::AgentSessionId => Item::text(self.session_id.as_ref()?),
                    Field::AgentConversationId => Item::text(self.conversation_id.as_ref()?),
                    Field::AgentTurn => Item::Unsigned(self.turn?.into()),
                    Field::AgentId => Item::text(self.agent_id.as_ref()?),
                    Field::AgentParentId => Item::text(self.parent_agent_id.as_ref()?),
                    Field::AgentConversation => record(self.conversation.as_ref()?),
                    _ => return None,
                })
            }
        }

        impl View for DelegationExtension {
            fn item(&self, field: Field, index: usize, _: CapabilitySet) -> Option<Item<'_>> {
                Some(match field {
                    Field::Delegation => record(self),
                    Field::DelegationDepth => Item::Unsigned(self.depth.into()),
                    Field::DelegationOrigin => Item::text(self.origin_subject_id.as_ref()?),
                    Field::DelegationActor => Item::text(self.actor_subject_id.as_ref()?),
                    Field::Delegated => Item::Bool(self.delegated),
                    Field::DelegationAge => Item::Float(self.age_seconds),
                    Field::DelegationHop => record(self.chain.get(index)?),
                    _ => return None,
                })
            }

            fn count(&self, _: Field) -> usize {
                self.chain.len()
            }
        }

        impl View for CompletionExtension {
            fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
                Some(match field {
                    Field::Completion => record(self),
                    Field::CompletionStopReason => Item::name(self.stop_reason.as_ref()?),
                    Field::CompletionModel => Item::text(self.model.as_ref()?),
                    Field::CompletionLatency => Item::Unsigned(self.latency_ms?),
                    _ => return None,
                })
            }
        }

        impl View for ProvenanceExtension {
            fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
                Some(match field {
                    Field::Provenance => record(self),
                    Field::ProvenanceSource => Item::text(self.source.as_ref()?),
                    Field::ProvenanceMessageId => Item::text(self.message_id.as_ref()?),
                    Field::ProvenanceParentId => Item::text(self.parent_id.as_ref()?),
                    _ => return None,
                })
            }
        }

        impl View for LLMExtension {
            fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
                Some(match field {
                    Field::Llm => record(self),
                    Field::LlmModelId => Item::text(self.model_id.as_ref()?),
                    Field::LlmProvider => Item::text(self.provider.as_ref()?),
                    _ => return None,
                })
            }
        }

        impl View for FrameworkExtension {
            fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
                Some(match field {
                    Field::Framework => record(self),
                    Field::FrameworkName => Item::text(self.framework.as_ref()?),
                    Field::FrameworkVersion => Item::text(self.framework_version.as_ref()?),
                    Field::FrameworkNodeId => Item::text(self.node_id.as_ref()?),
                    Field::FrameworkGraphId => Item::text(self.graph_id.as_ref()?),
                    Field::FrameworkMetadata => Item::JsonMap(&self.metadata),
                    _ => return None,
                })
            }
        }

        impl View for MCPExtension {
            fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
                let (tool, resource) = (self.tool.as_ref(), self.resource.as_ref());
                let prompt = self.prompt.as_ref();
                Some(match field {
                    Field::Mcp => record(self),
                    Field::McpToolName => Item::text(&tool?.name),
                    Field::McpToolServerId => Item::text(tool?.server_id.as_ref()?),
                    Field::McpToolInputSchema => Item::json_value(tool?.input_schema.as_ref()?),
                    Field::McpToolOutputSchema => Item::json_value(tool?.output_schema.as_ref()?),
                    Field::McpResourceUri => Item::text(&resource?.uri),
                    Field::McpResourceServerId => Item::text(resource?.server_id.as_ref()?),
                    Field::McpPromptName => Item::text(&prompt?.name),
                    Field::McpPromptServerId => Item::text(prompt?.server_id.as_ref()?),
                    _ => return None,
                })
            }
        }
    };
}
pub(crate) use slot_views;
