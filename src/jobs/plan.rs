//! When a job runs: as it comes with, as the owner says, or never. What the owner says is kept in the store, because it
//! changes while the program runs.

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Job;
use crate::app::App;
use crate::schedule::Times;
use crate::store::schema::SETTINGS;
use crate::store::{Durability, Write};

/// When a job runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    /// As it comes with; a backup only if the configuration wants one.
    #[default]
    Default,
    /// At the times of this cron expression: seconds, minutes, hours, day of month, month, day of week.
    Cron(String),
    /// Only when somebody asks for it.
    Off,
}

impl Plan {
    /// As the owner writes it: `default`, `off`, or a cron expression.
    pub fn of(text: &str) -> Plan {
        match text.trim() {
            "default" => Plan::Default,
            "off" => Plan::Off,
            cron => Plan::Cron(cron.split_whitespace().collect::<Vec<_>>().join(" ")),
        }
    }
}

impl Job {
    /// When it is to run.
    ///
    /// # Errors
    /// When the store fails.
    pub fn plan(self, app: &App) -> Result<Plan> {
        let saved = app.store.get(&SETTINGS, &self.schedule_key())?;
        saved.map_or(Ok(Plan::Default), serde_json::from_value).context("the schedule of a job")
    }

    /// Changes when it runs. It counts from now: what the new schedule would have had today is not made up for.
    ///
    /// # Errors
    /// When the expression is none, or its time never comes.
    pub fn set_plan(self, app: &App, plan: &Plan) -> Result<()> {
        let now = app.clock.now();
        if let Plan::Cron(expression) = plan {
            let next = Times::parse(expression, app.config.time_zone)?.next_after(now);
            ensure!(next.is_some(), "\"{expression}\" never comes again; leave out the year, or say a later one");
        }
        app.store.write(Durability::Durable, |write| {
            match plan {
                Plan::Default => write.delete(&SETTINGS, &self.schedule_key()),
                plan => write.put(&SETTINGS, &self.schedule_key(), &serde_json::to_value(plan)?)?,
            }
            Ok::<_, anyhow::Error>(self.count_from(write, now)?)
        })?;
        log::info!(job = self.name(); "its schedule is {plan:?} now");
        Ok(())
    }

    /// The cron expression that holds; none if it is switched off.
    pub(super) fn expression(self, app: &App) -> Result<Option<String>> {
        Ok(match self.plan(app)? {
            Plan::Default if self == Job::Backup && !app.config.backup.enabled => None,
            Plan::Default => Some(self.default_schedule().to_owned()),
            Plan::Cron(expression) => Some(expression),
            Plan::Off => None,
        })
    }

    /// The moment behind which its next time lies: its last run, or when it was first seen.
    pub(super) fn counts_from(self, app: &App) -> Result<Option<DateTime<Utc>>> {
        let saved: Option<Value> = app.store.get(&SETTINGS, &self.counts_key())?;
        saved.map(serde_json::from_value).transpose().context("when a job ran")
    }

    pub(super) fn count_from(self, write: &mut Write<'_>, moment: DateTime<Utc>) -> crate::store::Result<()> {
        write.put(&SETTINGS, &self.counts_key(), &Value::String(moment.to_rfc3339()))
    }

    fn counts_key(self) -> String {
        format!("job.{}.counts_from", self.name())
    }

    fn schedule_key(self) -> String {
        format!("job.{}.schedule", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_as_it_is_written() {
        assert_eq!(Plan::of(" off "), Plan::Off);
        assert_eq!(Plan::of("default"), Plan::Default);
        assert_eq!(Plan::of("0  30 4 * *\t*"), Plan::Cron("0 30 4 * * *".into()));
    }
}
