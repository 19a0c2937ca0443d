//! The volume with the database.

use k8s_openapi::{
    api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements},
    apimachinery::pkg::api::resource::Quantity,
};

use crate::client::validate::{Database, Tenant};

/// The claim on a tenant's volume; none where the database is no file. Its storage class is the cluster's default.
pub fn build(tenant: &Tenant) -> Option<PersistentVolumeClaim> {
    let Database::Sqlite { size } = &tenant.database else { return None };
    let size = [("storage".to_owned(), Quantity(size.clone()))];
    Some(PersistentVolumeClaim {
        metadata: tenant.meta(tenant.owner.data_claim()),
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some(size.into()),
                ..VolumeResourceRequirements::default()
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    })
}
