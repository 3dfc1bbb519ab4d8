//! Views of the slots that only tell about a request: each shows texts and numbers, and the whole
//! of it as JSON.

use crate::raw::Place;
use crate::text::{json_fields, number_fields, text_fields};
use crate::{Field, Hop, Items, JsonMap, Record, Result, Value};

/// Defines a view of a slot.
macro_rules! views {
    ($($(#[$doc:meta])* $name:ident { $($body:tt)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name(());

            impl $name {
                pub(crate) const VIEW: Self = Self(());

                const fn place(self, field: Field) -> Place<'static> {
                    Place::of(field)
                }

                /// All of it, by pointer.
                pub const fn record(self) -> Record {
                    Record::of(Field::$name)
                }

                $($body)*
            }
        )*
    };
}

views! {
    /// The agent slot: who acts.
    Agent {
        text_fields! {
            /// The input of the agent.
            input => AgentInput;
            /// The session the agent acts in.
            session_id => AgentSessionId;
            /// The conversation the agent acts in.
            conversation_id => AgentConversationId;
            /// The agent's identifier.
            id, id_is => AgentId;
            /// The identifier of the agent that called this one.
            parent_id => AgentParentId;
        }

        number_fields! {
            /// Which turn of the conversation it is.
            turn => AgentTurn;
        }

        json_fields! {
            /// The conversation so far.
            conversation => AgentConversation;
            /// All of it.
            json => Agent;
        }
    }

    /// The delegation slot: on whose authority the request stands.
    Delegation {
        text_fields! {
            /// The subject that delegated first.
            origin_subject_id => DelegationOrigin;
            /// The subject that acts now.
            actor_subject_id => DelegationActor;
        }

        number_fields! {
            /// The number of delegations that the request stands on.
            depth => DelegationDepth;
        }

        /// The delegations, oldest first.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn hops(self) -> Result<Items<Hop>> {
            Items::of(Field::DelegationHop)
        }

        /// Adds a delegation to the chain: CPEX's `DelegationHop` as JSON text. It takes the
        /// capability `append_delegation`, as all changes of this slot.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn append_hop_json(self, hop: &str) -> Result<()> {
            self.place(Field::DelegationHop).all().write_json(hop)
        }

        /// Says who acts now.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn set_actor(self, subject_id: &str) -> Result<()> {
            self.place(Field::DelegationActor).write_text(subject_id)
        }

        /// Says who delegated first, where nobody has yet.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn set_origin(self, subject_id: &str) -> Result<()> {
            self.place(Field::DelegationOrigin).write_text(subject_id)
        }

        /// True if anything was delegated.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn is_delegated(self) -> Result<bool> {
            self.place(Field::Delegated).text_is("true")
        }

        json_fields! {
            /// All of it, the chain included.
            json => Delegation;
        }
    }

    /// The candidate constraint slot: which model back ends the request may go to.
    CandidateConstraint {
        /// Sets one value of the constraint, such as `/deny_models`, where there is one. It takes the
        /// capability `write_candidate_constraint`, as all changes of this slot.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn set(self, pointer: &str, value: impl Into<Value>) -> Result<()> {
            self.record().set(pointer, value)
        }

        /// Replaces the constraint by one given as JSON text.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn replace_json(self, json: &str) -> Result<()> {
            self.record().replace_json(json)
        }

        /// Removes the constraint, and says whether there was one.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn clear(self) -> Result<bool> {
            self.place(Field::CandidateConstraint).remove()
        }

        json_fields! {
            /// All of it.
            json => CandidateConstraint;
        }
    }

    /// The MCP slot: tool, resource and prompt as their server describes them.
    Mcp {
        text_fields! {
            /// The name of the tool.
            tool_name, tool_name_is => McpToolName;
            /// The server that the tool is on.
            tool_server_id, tool_server_id_is => McpToolServerId;
            /// The URI of the resource.
            resource_uri, resource_uri_is => McpResourceUri;
            /// The server that the resource is on.
            resource_server_id, resource_server_id_is => McpResourceServerId;
            /// The name of the prompt.
            prompt_name, prompt_name_is => McpPromptName;
            /// The server that the prompt is on.
            prompt_server_id, prompt_server_id_is => McpPromptServerId;
        }

        json_fields! {
            /// All of it.
            json => Mcp;
        }
    }

    /// The completion slot: what is known of a model's answer.
    Completion {
        text_fields! {
            /// `end`, `return`, `call`, `max_tokens` or `stop_sequence`.
            stop_reason, stop_reason_is => CompletionStopReason;
            /// The model that answered.
            model, model_is => CompletionModel;
        }

        number_fields! {
            /// The time that the model took, in milliseconds.
            latency_ms => CompletionLatency;
        }

        json_fields! {
            /// All of it.
            json => Completion;
        }
    }

    /// The provenance slot: where the message comes from.
    Provenance {
        text_fields! {
            /// The source of the message.
            source, source_is => ProvenanceSource;
            /// The message's identifier.
            message_id => ProvenanceMessageId;
            /// The identifier of the message it answers.
            parent_id => ProvenanceParentId;
        }

        json_fields! {
            /// All of it.
            json => Provenance;
        }
    }

    /// The LLM slot: which model is used.
    Llm {
        text_fields! {
            /// The model's identifier.
            model_id, model_id_is => LlmModelId;
            /// The provider that runs the model.
            provider, provider_is => LlmProvider;
        }

        json_fields! {
            /// All of it.
            json => Llm;
        }
    }

    /// The framework slot: what the agent runs in.
    Framework {
        text_fields! {
            /// The framework's name.
            name, name_is => FrameworkName;
            /// The framework's version.
            version => FrameworkVersion;
            /// The node of the framework's graph.
            node_id => FrameworkNodeId;
            /// The framework's graph.
            graph_id => FrameworkGraphId;
        }

        json_fields! {
            /// All of it.
            json => Framework;
        }

        /// Anything else about the framework, by name.
        pub const fn metadata(self) -> JsonMap {
            JsonMap::of(Field::FrameworkMetadata)
        }
    }
}
