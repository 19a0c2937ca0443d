//! The volume with the database.

use k8s_openapi::{
    api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements},
    apimachinery::pkg::api::resource::Quantity,
};

use crate::client::validate::Tenant;

/// The claim on a tenant's volume. Its storage class is the cluster's default.
pub fn build(tenant: &Tenant) -> PersistentVolumeClaim {
    let size = [("storage".to_owned(), Quantity(tenant.volume_size.clone()))];
    PersistentVolumeClaim {
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
    }
}
