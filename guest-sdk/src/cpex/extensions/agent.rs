//! The agent that acts.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use crate::cpex::wire::record;

record! {
    /// The agent that acts.
    #[derive(Debug, Default)]
    pub struct AgentExtension {
        /// What the agent was given.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub input: Option<String>,
        /// The session it acts in.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub session_id: Option<String>,
        /// The conversation it acts in.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub conversation_id: Option<String>,
        /// Which turn of the conversation it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub turn: Option<u32>,
        /// The agent's identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub agent_id: Option<String>,
        /// The identifier of the agent that called it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub parent_agent_id: Option<String>,
        /// The conversation so far.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub conversation: Option<ConversationContext>,
    }
}

record! {
    /// A conversation so far.
    #[derive(Debug, Default)]
    pub struct ConversationContext {
        /// Earlier messages, as the framework keeps them.
        #[serde(default)]
        pub history: Vec<Value>,
        /// What it is about, in short.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub summary: Option<String>,
        /// What it is about, in single words.
        #[serde(default)]
        pub topics: Vec<String>,
    }
}
