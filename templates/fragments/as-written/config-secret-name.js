      secretName: process.env.SECRETNAME || 'TSAGallery-RDSMasterSecret',
