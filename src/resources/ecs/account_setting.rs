//! `account_setting`: what ECS does by default in an account and region.

use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, IdentityBy, Live, Resource, Rules, Status, Want,
};
use crate::resources::PARALLEL;
use crate::stack::schema::immutable;
use crate::stack::value::is_placeholder;
use aws_sdk_ecs::types::SettingName;
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

crate::sdk_enum!(SettingName => "SettingName");

/// A setting of ECS in this account and region. It is set and never owned: it stays as it is when
/// its block or everything else is taken away, because others may count on it.
///
/// `awsvpcTrunking` counts for instances that are launched after it was set.
///
/// ```toml
/// [account_setting.trunking]
/// name  = "awsvpcTrunking"
/// value = "enabled"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountSetting {
    /// Which, e.g. `awsvpcTrunking`, `containerInsights`, `tagResourceAuthorization`.
    #[schemars(transform = immutable)]
    pub name: Sdk<SettingName>,
    /// Its value: `enabled` or `disabled` with most, `on` or `off` with `tagResourceAuthorization`.
    pub value: String,
    /// For whom: `account`, all that have no setting of their own, or `caller`, the user or role
    /// whose credentials are used.
    #[schemars(transform = immutable)]
    #[serde(default)]
    pub scope: SettingScope,
}

/// For whom a setting counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingScope {
    /// All that have no setting of their own.
    #[default]
    Account,
    /// The user or role whose credentials are used.
    Caller,
}

impl SettingScope {
    fn text(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Caller => "caller",
        }
    }
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct AccountSettingOut {
    /// `SCOPE/NAME`, e.g. `account/awsvpcTrunking`.
    pub id: String,
    /// ARN of the user or role that AWS tells it for.
    pub principal_arn: String,
}

impl Resource for AccountSetting {
    const TYPE: &'static str = "account_setting";
    const AWS_NAME: &'static str = "AWS::ECS::AccountSetting";
    const RULES: Rules = Rules { identity: IdentityBy::Name, unowned: true, ..Rules::DEFAULT };
    type Out = AccountSettingOut;

    fn unique_name(&self) -> Option<String> {
        Some(id(self.scope, &self.name.0))
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let known: &[&str] = match self.name.0 {
            SettingName::ContainerInsights => &["disabled", "enabled", "enhanced"],
            SettingName::TagResourceAuthorization | SettingName::GuardDutyActivate => {
                &["on", "off"]
            }
            SettingName::AwsvpcTrunking
            | SettingName::ContainerInstanceLongArnFormat
            | SettingName::ServiceLongArnFormat
            | SettingName::TaskLongArnFormat
            | SettingName::FargateFipsMode => &["disabled", "enabled"],
            // Numbers, or words that may grow.
            _ => return Vec::new(),
        };
        if known.contains(&self.value.as_str()) || is_placeholder(&self.value) {
            return Vec::new();
        }
        let message = format!("one of `{}`", known.join("`, `"));
        vec![FieldProblem { path: "value".into(), message }]
    }

    /// Asks for those the stack names, and makes no call where it names none.
    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let (Want::Ids(ids) | Want::Owned { names: ids, .. }) = want;
        let ids: BTreeSet<String> = ids.iter().cloned().collect();
        stream::iter(ids)
            .map(|id| async move { one(cx, &id).await })
            .buffered(PARALLEL)
            .try_filter_map(|found| async { Ok(found) })
            .try_collect()
            .await
    }

    async fn create(&self, cx: &Cx, _: Creation<'_>) -> Result<String> {
        self.put(cx).await?;
        Ok(id(self.scope, &self.name.0))
    }

    async fn update(&self, cx: &Cx, _: &Live<Self>, _: &Changed) -> Result<()> {
        self.put(cx).await
    }

    /// Has nothing to do: settings have no tags.
    async fn tag(_: &Cx, _: &Live<Self>, _: &Tags, _: &[String]) -> Result<()> {
        Ok(())
    }

    /// Leaves the setting as it is.
    async fn delete(_: &Cx, _: &Live<Self>) -> Result<()> {
        Ok(())
    }
}

fn id(scope: SettingScope, name: &SettingName) -> String {
    format!("{}/{}", scope.text(), name.as_str())
}

impl AccountSetting {
    async fn put(&self, cx: &Cx) -> Result<()> {
        let name = self.name.0.clone();
        match self.scope {
            SettingScope::Account => {
                let call = cx.ecs().put_account_setting_default().name(name);
                call.value(&self.value).send().await.map(drop).map_err(Error::from)
            }
            SettingScope::Caller => {
                let call = cx.ecs().put_account_setting().name(name);
                call.value(&self.value).send().await.map(drop).map_err(Error::from)
            }
        }
    }
}

/// Reads the setting that counts for the caller. Where the caller has one of its own, AWS does not
/// tell that of the account.
async fn one(cx: &Cx, id: &str) -> Result<Option<Live<AccountSetting>>> {
    let (scope, name) = match id.split_once('/') {
        Some(("account", name)) => (SettingScope::Account, name),
        Some(("caller", name)) => (SettingScope::Caller, name),
        _ => return Ok(None),
    };
    let name = SettingName::from(name);
    let call = cx.ecs().list_account_settings().name(name.clone()).effective_settings(true);
    let found = call.send().await?.settings.unwrap_or_default();
    let setting = found.into_iter().find(|setting| setting.name.as_ref() == Some(&name));
    Ok(setting.map(|setting| Live {
        id: id.to_owned(),
        tags: Tags::new(),
        status: Status::Ready,
        spec: AccountSetting { name: Sdk(name), value: setting.value.unwrap_or_default(), scope },
        out: AccountSettingOut {
            id: id.to_owned(),
            principal_arn: setting.principal_arn.unwrap_or_default(),
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_one_of_those_the_setting_knows() {
        let problems = |name: &str, value: &str| {
            let setting: AccountSetting =
                serde_json::from_value(json!({ "name": name, "value": value })).unwrap();
            (setting.unique_name().unwrap(), setting.validate().len())
        };
        assert_eq!(problems("awsvpcTrunking", "enabled"), ("account/awsvpcTrunking".into(), 0));
        assert_eq!(problems("awsvpcTrunking", "on").1, 1);
        assert_eq!(problems("containerInsights", "enhanced").1, 0);
        assert_eq!(problems("tagResourceAuthorization", "on").1, 0);
        assert_eq!(problems("fargateTaskRetirementWaitPeriod", "7").1, 0);
    }
}
